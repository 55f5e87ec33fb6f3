package images

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// operationsOfPillow is testdata/operations.json, which testdata/operations.py writes with Pillow 9.4
// and Python's colorsys.
type operationsOfPillow struct {
	Height, Width int
	Pix           string
	Colours       []struct {
		Name, Want string
		Value      float64
	}
	Hues []struct {
		Turn float64
		Want []float64
	}
	Plane struct {
		Height, Width int
		Pix           []float32
	}
	Moves []struct {
		Name    string
		Matrix  []float64
		Degrees float64
		Want    []float64
	}
}

func (p operationsOfPillow) picture(t *testing.T) *Image {
	m := &Image{Height: p.Height, Width: p.Width, Channels: 3}
	for _, v := range bytesOf(t, p.Pix) {
		m.Pix = append(m.Pix, float32(v)/255)
	}
	return m
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestOperations(t *testing.T) {
	raw, err := os.ReadFile("testdata/operations.json")
	if err != nil {
		t.Fatal(err)
	}
	var p operationsOfPillow
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Colours {
		t.Run(fmt.Sprintf("%s %v", c.Name, c.Value), func(t *testing.T) {
			m, most := p.picture(t), 1e-4 // of 255
			switch c.Name {
			// Pillow rounds luma, the mean and the smoothed picture to whole levels, and cuts off
			// what is blended.
			case "brightness":
				m.brightness(c.Value)
				most = 1.001
			case "contrast":
				m.contrast(c.Value)
				most = 2
			case "saturation":
				m.saturation(c.Value)
				most = 2
			case "sharpness":
				m.sharpness(c.Value)
				most = 2
			case "posterize":
				m.posterize(int(c.Value))
			case "solarize":
				m.solarize(int(c.Value))
			case "autocontrast":
				m.autoContrast()
			case "equalize":
				m.equalize()
			default:
				t.Fatal("not known")
			}
			for i, v := range bytesOf(t, c.Want) {
				if d := math.Abs(255*float64(m.Pix[i]) - float64(v)); d > most {
					t.Fatalf("value %d is %v, want %d", i, 255*m.Pix[i], v)
				}
			}
		})
	}
	for _, c := range p.Hues {
		m := p.picture(t)
		m.hue(c.Turn)
		for i, v := range c.Want {
			if d := math.Abs(float64(m.Pix[i]) - v); d > 1e-6 {
				t.Fatalf("hue turned by %v: value %d is %v, want %v", c.Turn, i, m.Pix[i], v)
			}
		}
	}
	for _, c := range p.Moves {
		s := &Sample{Image: Image{p.Plane.Height, p.Plane.Width, 1, p.Plane.Pix}}
		by := rotation(c.Degrees, p.Plane.Height, p.Plane.Width)
		if c.Matrix != nil {
			by = affine{c.Matrix[0], c.Matrix[1], c.Matrix[2], c.Matrix[3], c.Matrix[4], c.Matrix[5]}
		}
		s.move(by, 0.25)
		for i, v := range c.Want {
			if d := math.Abs(float64(s.Image.Pix[i]) - v); d > 2e-6 {
				t.Fatalf("%s %v: value %d is %v, want %v", c.Name, c.Degrees, i, s.Image.Pix[i], v)
			}
		}
	}
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// marked is a sample with a bright block, a mask of it, and a box around it.
func marked() *Sample {
	const h, w = 24, 30
	s := &Sample{Image: Image{h, w, 1, make([]float32, h*w)}, Mask: make([]int, h*w), Boxes: []Box{{10, 8, 16, 13, 5}}}
	for y := 8; y < 13; y++ {
		for x := 10; x < 16; x++ {
			s.Image.Pix[y*w+x], s.Mask[y*w+x] = 1, 1
		}
	}
	return s
}

// TestBoxesAndMasks: whatever moves the pixels moves the mask to where they are, and the box is around
// them.
func TestBoxesAndMasks(t *testing.T) {
	for _, op := range operations {
		for _, sign := range []float64{-1, 1} {
			s := marked()
			op.apply(s, 0.6, sign, 0)
			s.along(t, op.name)
		}
	}
	for seed := range uint64(40) {
		for _, c := range []Change{HorizontalFlip{Chance: 1}, RandomCrop{Padding: 4}, RandomResizedCrop{MinArea: 0.5}} {
			s := marked()
			if err := c.Apply(s, seeded(seed)); err != nil {
				t.Fatal(err)
			}
			s.along(t, fmt.Sprintf("%T %d", c, seed))
		}
	}
}

// along reports a mask or box that is not where the bright pixels are.
func (s *Sample) along(t *testing.T, name string) {
	t.Helper()
	m := &s.Image
	marks, held, brightest := 0, 0, slices.Max(m.Pix)
	low, high := [2]int{m.Height, m.Width}, [2]int{-1, -1}
	for y := range m.Height {
		for x := range m.Width {
			v, is := m.Pix[y*m.Width+x], s.Mask[y*m.Width+x] == 1
			if is {
				marks++
				low, high = [2]int{min(low[0], y), min(low[1], x)}, [2]int{max(high[0], y), max(high[1], x)}
			}
			if is == (v > brightest/2) {
				held++
			}
		}
	}
	if name == "solarize" { // the mask stays, the brightness does not
		held = len(m.Pix)
	}
	if wrong := len(m.Pix) - held; wrong > 6 { // at the border of a turned block
		t.Errorf("%s: %d pixels of the mask are not those of the picture", name, wrong)
	}
	if marks == 0 && len(s.Boxes) == 0 {
		return
	}
	if len(s.Boxes) != 1 || s.Boxes[0].Class != 5 {
		t.Fatalf("%s: boxes %v, and %d pixels of a mask", name, s.Boxes, marks)
	}
	b := s.Boxes[0]
	for _, d := range []float64{b.Top - float64(low[0]), b.Left - float64(low[1]), float64(high[0]+1) - b.Bottom, float64(high[1]+1) - b.Right} {
		if d > 0.51 || d < -2 { // whole pixels, of a turned block without its corners
			t.Errorf("%s: box %v around rows %d to %d, columns %d to %d", name, b, low[0], high[0], low[1], high[1])
		}
	}
}
