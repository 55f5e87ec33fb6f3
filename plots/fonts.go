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

// FontsVariable names the environment variable with folders of fonts that are
// searched before the system's, separated as in PATH, for characters that neither
// of the built-in fonts has. "none" stands for no folder at all, the system's
// neither, so that pages are the same on every machine.
const FontsVariable = "AEGIS_FONTS"

// fallbacks finds a font for characters that Liberation Sans does not have. DejaVu
// Sans is built in (Arabic, Armenian, Georgian, Hebrew, symbols); everything else,
// Chinese, Japanese and Korean above all, comes from the folders of fonts.
type fallbacks struct {
	mu      sync.Mutex
	from    string // the variable's value when the folders were listed
	files   []string
	loaded  []*tfont.Face
	byRune  map[rune]*tfont.Face        // nil: no font has it
	misses  map[*unicode.RangeTable]int // searches that found nothing, by script
	builtIn *tfont.Face
}

var fallback fallbacks

const (
	maxFontFiles = 5000
	maxFontSize  = 64 << 20
	maxMisses    = 3 // after so many characters of one script it is taken as missing
)

// face returns a font that has the character, nil if there is none. The lock is
// held by the caller.
func (f *fallbacks) face(r rune) *tfont.Face {
	f.reset()
	if face, known := f.byRune[r]; known {
		return face
	}
	face := f.search(r)
	f.byRune[r] = face
	return face
}

// reset forgets what was found when the variable has changed.
func (f *fallbacks) reset() {
	from := os.Getenv(FontsVariable)
	if f.byRune != nil && from == f.from {
		return
	}
	f.from, f.byRune, f.misses, f.loaded = from, map[rune]*tfont.Face{}, map[*unicode.RangeTable]int{}, nil
	if f.builtIn == nil {
		f.builtIn, _ = tfont.ParseTTF(bytes.NewReader(dejavusans.TTF)) // nil is passed over
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

// draws says whether a font has an outline for the character; fonts of bitmaps,
// such as those of coloured emoji, have none.
func draws(face *tfont.Face, r rune) bool {
	gid, ok := face.NominalGlyph(r)
	if !ok {
		return false
	}
	outline, ok := face.GlyphData(gid).(tfont.GlyphOutline)
	return ok && (len(outline.Segments) > 0 || !unicode.IsGraphic(r) || unicode.IsSpace(r))
}

// mayHave looks into a font file's table of characters without reading the rest.
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

// fontFolders lists where fonts lie on Linux, macOS and Windows.
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

// upright are parts of the names of fonts that go well with the sans serif of the
// page, the best first.
var upright = []string{"notosanscjk", "notosans", "wqy", "sourcehansans", "droidsansfallback", "pingfang", "hiragino", "msyh", "yugoth", "malgun", "segoeui", "arialunicode", "sans"}

// fontFiles lists the font files in the folders, those of the first folder first,
// and of a folder those that go well with the page first.
func fontFiles(folders []string) []string {
	var all []string
	for _, folder := range folders {
		var list []string
		// a folder that is not there or cannot be read has no fonts
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

// scriptTable returns the writing system of a character, nil if it has none.
func scriptTable(r rune) *unicode.RangeTable {
	for _, t := range unicode.Scripts {
		if t != unicode.Common && t != unicode.Inherited && unicode.Is(t, r) {
			return t
		}
	}
	return nil
}

// scriptName names the writing system of a character.
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
