package images_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data/images"
)

// pillow is testdata/pil.json, which testdata/pil.py writes with Pillow 9.4 and dwebp.
type pillow struct {
	Files []struct {
		Name, Raw string
		Shape     []int
		Want      []float64
		Most      float64 // what decoders of JPEG may differ by
	}
	Grey  struct{ From, Want []float64 }
	Plane struct {
		Height, Width int
		Pix           []float32
	}
	Resizes []struct {
		Filter        string
		Height, Width int
		Want          []float64
	}
}

func fromPillow(t testing.TB) (p pillow) {
	t.Helper()
	raw, err := os.ReadFile("testdata/pil.json")
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// furthest returns the largest difference.
func furthest(t *testing.T, got []float32, want []float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	most := 0.0
	for i := range got {
		most = max(most, math.Abs(float64(got[i])-want[i]))
	}
	return most
}

func TestFilesOfPillow(t *testing.T) {
	for _, f := range fromPillow(t).Files {
		t.Run(f.Name, func(t *testing.T) {
			raw, err := base64.StdEncoding.DecodeString(f.Raw)
			if err != nil {
				t.Fatal(err)
			}
			m, err := images.Decode(bytes.NewReader(raw), images.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal([]int{m.Height, m.Width, m.Channels}, f.Shape) {
				t.Fatalf("(%d, %d, %d), want %v", m.Height, m.Width, m.Channels, f.Shape)
			}
			if d := furthest(t, m.Pix, f.Want); d > f.Most+1e-6 {
				t.Errorf("differs by %.4f of 255, want at most %.4f", 255*d, 255*f.Most)
			}
			// To a size and turned is turned and to a size.
			for _, o := range []images.Options{
				{Height: 3, Width: 4}, {Height: 4, Width: 2, Shorter: 5}, {Height: 7, Width: 2, Stretch: true}, {Height: 12, Width: 12, Filter: images.Bicubic},
			} {
				got, err := images.Decode(bytes.NewReader(raw), o)
				if err != nil {
					t.Fatal(err)
				}
				want, err := m.Fit(o)
				if err != nil {
					t.Fatal(err)
				}
				if got.Height != o.Height || got.Width != o.Width || want.Height != o.Height || want.Width != o.Width {
					t.Fatalf("%+v: (%d, %d) and (%d, %d)", o, got.Height, got.Width, want.Height, want.Width)
				}
				for i := range got.Pix {
					if math.Abs(float64(got.Pix[i]-want.Pix[i])) > 1e-6 {
						t.Fatalf("%+v: value %d is %v, and of the upright picture %v", o, i, got.Pix[i], want.Pix[i])
					}
				}
			}
		})
	}
}

func TestGrey(t *testing.T) {
	p := fromPillow(t)
	m := image.NewNRGBA(image.Rect(0, 0, 9, 6))
	for i := range 54 {
		m.SetNRGBA(i%9, i/9, color.NRGBA{uint8(p.Grey.From[3*i]), uint8(p.Grey.From[3*i+1]), uint8(p.Grey.From[3*i+2]), 255})
	}
	got, err := images.Decode(bytes.NewReader(pngOf(t, m)), images.Options{Grey: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got.Pix {
		if d := math.Abs(255*float64(v) - p.Grey.Want[i]); d > 0.501 || got.Channels != 1 { // Pillow's are whole
			t.Errorf("pixel %d: %v, want %v", i, 255*v, p.Grey.Want[i])
		}
	}
}

func TestResize(t *testing.T) {
	p := fromPillow(t)
	m := &images.Image{Height: p.Plane.Height, Width: p.Plane.Width, Channels: 1, Pix: p.Plane.Pix}
	for _, r := range p.Resizes {
		f := images.Bilinear
		if r.Filter == "bicubic" {
			f = images.Bicubic
		}
		got, err := m.Resize(r.Height, r.Width, f)
		if err != nil {
			t.Fatal(err)
		}
		if d := furthest(t, got.Pix, r.Want); d > 2e-6 {
			t.Errorf("%v to %d x %d: differs by %g", f, r.Height, r.Width, d)
		}
	}
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// huge is a PNG that says it has 60000 x 60000 pixels, in 57 bytes.
func huge() []byte {
	head := []byte("IHDR\x00\x00\xea\x60\x00\x00\xea\x60\x08\x02\x00\x00\x00")
	sum := crc32.ChecksumIEEE(head)
	raw := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	raw = append(raw, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
	return append(raw, "\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e\x00\x00\x00\x00IEND\xae\x42\x60\x82"...)
}

func TestDecodeErrors(t *testing.T) {
	whole := pngOf(t, image.NewNRGBA(image.Rect(0, 0, 8, 8)))
	thin := pngOf(t, image.NewGray(image.Rect(0, 0, 6000, 1)))
	for name, c := range map[string]struct {
		raw  []byte
		o    images.Options
		want string
	}{
		"empty":      {nil, images.Options{}, "the file is empty"},
		"a text":     {[]byte("GIF89a, so to speak"), images.Options{}, "neither JPEG, PNG nor WebP: the file begins with 47 49 46"},
		"cut":        {whole[:50], images.Options{}, "PNG: "},
		"huge":       {huge(), images.Options{}, "PNG: 60000 x 60000 pixels: want 1 to 67108864 in all"},
		"too large":  {whole, images.Options{MaxPixels: 63}, "PNG: 8 x 8 pixels: want 1 to 63 in all"},
		"thin":       {thin, images.Options{Height: 200, Width: 200}, "too narrow"},
		"half size":  {whole, images.Options{Height: 3}, "a size of 3 x 0: want both or neither"},
		"filter":     {whole, images.Options{Filter: 7}, "filter 7: want Bilinear or Bicubic"},
		"shorter":    {whole, images.Options{Height: 3, Width: 9, Shorter: 5}, "a shorter side of 5 for a size of 3 x 9"},
		"no stretch": {whole, images.Options{Stretch: true}, "Stretch goes with Height and Width"},
		"webp":       {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), images.Options{}, "WebP: "},
	} {
		_, err := images.Decode(bytes.NewReader(c.raw), c.o)
		if err == nil || !strings.HasPrefix(err.Error(), "images: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	if _, err := (&images.Image{Height: 2, Width: 2, Channels: 3}).Resize(1, 1, images.Bilinear); err == nil {
		t.Error("a picture without values was resized")
	}
}

func FuzzDecode(f *testing.F) {
	for _, file := range fromPillow(f).Files {
		raw, err := base64.StdEncoding.DecodeString(file.Raw)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add(huge())
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := images.Decode(bytes.NewReader(raw), images.Options{MaxPixels: 1 << 14})
		if err != nil {
			if strings.Contains(err.Error(), "the decoder failed") {
				t.Fatal(err)
			}
			return
		}
		if m.Height*m.Width > 1<<14 || len(m.Pix) != m.Height*m.Width*3 {
			t.Fatalf("(%d, %d) with %d values", m.Height, m.Width, len(m.Pix))
		}
	})
}

func ExampleDecode() {
	m := image.NewNRGBA(image.Rect(0, 0, 4, 2)) // the left half is red
	for y := range 2 {
		for x := range 2 {
			m.SetNRGBA(x, y, color.NRGBA{255, 0, 0, 255})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		fmt.Println(err)
		return
	}
	p, err := images.Decode(&file, images.Options{Height: 1, Width: 2, Stretch: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Height, p.Width, p.Channels)
	fmt.Printf("%.2f\n", p.Pix)
	// Output:
	// 1 2 3
	// [0.86 0.00 0.00 0.14 0.00 0.00]
}
