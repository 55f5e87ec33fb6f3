package plots

import (
	"bytes"
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-fonts/dejavu/dejavusans"
	tfont "github.com/go-text/typesetting/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// FontsVariable names the environment variable that lists font folders, separated as in
// PATH. They are searched before the system's folders for characters that neither built-in
// font has. "none" disables all folders, including the system's, so that pages are the same
// on every machine.
const FontsVariable = "AEGIS_FONTS"

// fallbacks finds a font for characters that Liberation Sans does not have. DejaVu Sans is
// built in (Arabic, Armenian, Georgian, Hebrew, symbols); everything else, above all
// Chinese, Japanese and Korean, comes from font folders.
type fallbacks struct {
	mu      sync.Mutex
	from    string // the variable's value when the folders were listed
	files   []string
	loaded  []*tfont.Face
	byRune  map[rune]*tfont.Face        // nil: no font has it
	misses  map[*unicode.RangeTable]int // number of failed searches, by script
	builtIn *tfont.Face
}

var fallback fallbacks

const (
	maxFontFiles = 5000
	maxFontSize  = 64 << 20
	maxMisses    = 3 // after this many missing characters, the whole script counts as missing
)

// face returns a font that has the character, or nil if there is none. The caller holds the
// lock.
func (f *fallbacks) face(r rune) *tfont.Face {
	f.reset()
	if face, known := f.byRune[r]; known {
		return face
	}
	face := f.search(r)
	f.byRune[r] = face
	return face
}

// reset discards what was found if the variable has changed.
func (f *fallbacks) reset() {
	from := os.Getenv(FontsVariable)
	if f.byRune != nil && from == f.from {
		return
	}
	f.from, f.byRune, f.misses, f.loaded = from, map[rune]*tfont.Face{}, map[*unicode.RangeTable]int{}, nil
	if f.builtIn == nil {
		f.builtIn, _ = tfont.ParseTTF(bytes.NewReader(dejavusans.TTF)) // nil is skipped
	}
	if f.builtIn != nil {
		f.loaded = append(f.loaded, f.builtIn)
	}
	f.files = fontFiles(fontFolders(from))
}

func (f *fallbacks) search(r rune) *tfont.Face {
	for _, face := range f.loaded {
		if draws(face, r) {
			return face
		}
	}
	script := scriptTable(r)
	if f.misses[script] >= maxMisses {
		return nil
	}
	for i, path := range f.files {
		if path == "" || !mayHave(path, r) {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		faces, err := tfont.ParseTTC(bytes.NewReader(raw))
		if err != nil || len(faces) == 0 || !draws(faces[0], r) {
			continue
		}
		f.files[i] = ""
		f.loaded = append(f.loaded, faces[0])
		return faces[0]
	}
	f.misses[script]++
	return nil
}

// draws reports whether a font has an outline for the character. Bitmap fonts, such as those
// of coloured emoji, have none.
func draws(face *tfont.Face, r rune) bool {
	gid, ok := face.NominalGlyph(r)
	if !ok {
		return false
	}
	outline, ok := face.GlyphData(gid).(tfont.GlyphOutline)
	return ok && (len(outline.Segments) > 0 || !unicode.IsGraphic(r) || unicode.IsSpace(r))
}

// mayHave reads only a font file's character table.
func mayHave(path string, r rune) bool {
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() || st.Size() > maxFontSize {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	list, err := sfnt.ParseCollectionReaderAt(file)
	if err != nil {
		return false
	}
	f, err := list.Font(0)
	if err != nil {
		return false
	}
	var b sfnt.Buffer
	gid, err := f.GlyphIndex(&b, r)
	if err != nil || gid == 0 {
		return false
	}
	_, err = f.GlyphAdvance(&b, gid, fixed.I(16), 0)
	return err == nil
}

// fontFolders lists the font folders of Linux, macOS and Windows.
func fontFolders(from string) []string {
	if from == "none" {
		return nil
	}
	folders := filepath.SplitList(from)
	if home, err := os.UserHomeDir(); err == nil {
		folders = append(folders, filepath.Join(home, ".fonts"), filepath.Join(home, ".local", "share", "fonts"), filepath.Join(home, "Library", "Fonts"))
	}
	folders = append(folders, "/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts")
	if dir := os.Getenv("WINDIR"); dir != "" {
		folders = append(folders, filepath.Join(dir, "Fonts"))
	}
	if dir := os.Getenv("LOCALAPPDATA"); dir != "" {
		folders = append(folders, filepath.Join(dir, "Microsoft", "Windows", "Fonts"))
	}
	return folders
}

// upright lists parts of the names of fonts that suit the page's sans serif, the best first.
var upright = []string{"notosanscjk", "notosans", "wqy", "sourcehansans", "droidsansfallback", "pingfang", "hiragino", "msyh", "yugoth", "malgun", "segoeui", "arialunicode", "sans"}

// fontFiles lists the font files in the folders, in the order of the folders and, within a
// folder, the fonts that suit the page first.
func fontFiles(folders []string) []string {
	var all []string
	for _, folder := range folders {
		var list []string
		// A missing or unreadable folder contributes no fonts.
		_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			switch strings.ToLower(filepath.Ext(path)) {
			case ".ttf", ".otf", ".ttc", ".otc":
				list = append(list, path)
			}
			if len(all)+len(list) >= maxFontFiles {
				return fs.SkipAll
			}
			return nil
		})
		slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(fontRank(a), fontRank(b)) })
		all = append(all, list...)
	}
	return all
}

func fontRank(path string) int {
	name := strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(filepath.Base(path)))
	rank := 2 * len(upright)
	for i, part := range upright {
		if strings.Contains(name, part) {
			rank = 2 * i
			break
		}
	}
	for _, style := range []string{"bold", "italic", "oblique", "mono", "black", "thin", "light", "serif", "condensed"} {
		if strings.Contains(name, style) {
			return rank + 2*len(upright) + 3
		}
	}
	if !strings.Contains(name, "regular") {
		rank++
	}
	return rank
}

// scriptTable returns the script of a character, or nil if it has none.
func scriptTable(r rune) *unicode.RangeTable {
	for _, t := range unicode.Scripts {
		if t != unicode.Common && t != unicode.Inherited && unicode.Is(t, r) {
			return t
		}
	}
	return nil
}

// scriptName returns the name of a character's script.
func scriptName(r rune) string {
	for name, t := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && unicode.Is(t, r) {
			if name == "Han" {
				return "Chinese (Han)"
			}
			return strings.ReplaceAll(name, "_", " ")
		}
	}
	return "symbols"
}
