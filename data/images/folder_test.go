package images_test

import (
	"fmt"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/images"
)

// shade is a picture of one colour.
func shade(width, height int, c color.Color) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, c)
		}
	}
	return m
}

// shelf is a folder of two classes with n pictures each, of many sizes.
func shelf(t testing.TB, n int) fstest.MapFS {
	root := fstest.MapFS{".hidden/a.png": {}, "light/.thumbs": {}}
	for i := range n {
		root[fmt.Sprintf("dark/%02d.png", i)] = &fstest.MapFile{Data: pngOf(t, shade(5+i%3, 4+i%4, color.Gray{uint8(4 * i)}))}
		root[fmt.Sprintf("light/sub/%02d.JPG", i)] = &fstest.MapFile{Data: jpegOf(t, shade(4+i%4, 6, color.Gray{uint8(255 - 4*i)}))}
	}
	return root
}

func TestFolder(t *testing.T) {
	root := shelf(t, 20)
	var said []string
	for _, workers := range []int{1, 3, 16} {
		rows, err := images.Folder(root, "shelf", images.Options{Height: 4, Width: 4, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if err := data.Check(rows); err != nil {
			t.Fatal(err)
		}
		s, err := data.Collect(rows)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(s.Inputs[0].Shape(), s.Classes, s.Texts[0].Cells[:2], " ", s.Target, " ", s.Name); got != "(40, 4, 4, 3) [dark light] [dark/00.png dark/01.png] class shelf" {
			t.Fatal(got)
		}
		labels, err := s.Labels()
		if err != nil {
			t.Fatal(err)
		}
		pix := s.Inputs[0].Data().([]float32)
		for i, l := range labels {
			if l != i/20 {
				t.Errorf("row %d is of class %d", i, l)
			}
			want := float32(4*(i%20)) / 255
			if l == 1 {
				want = 1 - want
			}
			for k, v := range pix[i*48 : (i+1)*48] {
				if d := v - want; d > 0.012 || d < -0.012 { // JPEG
					t.Fatalf("row %d, value %d: %v, want %v", i, k, v, want)
				}
			}
		}
		said = append(said, fmt.Sprint(pix))

		// Some rows in another order, into the memory of others.
		part := &data.Set{}
		st, err := rows.Stream()
		if err != nil {
			t.Fatal(err)
		}
		for _, order := range [][]int{{7, 30, 2}, {39, 0, 7}} {
			if err := st.Load(order, part); err != nil {
				t.Fatal(err)
			}
			got := part.Inputs[0].Data().([]float32)
			for k, row := range order {
				if !slices.Equal(got[k*48:(k+1)*48], pix[row*48:(row+1)*48]) || part.Texts[0].Cells[k] != s.Texts[0].Cells[row] {
					t.Errorf("row %d is another one when it is number %d of %v", row, k, order)
				}
			}
		}
		memory, err := data.Fingerprint(s)
		if err != nil {
			t.Fatal(err)
		}
		if read, err := data.Fingerprint(rows); err != nil || read != memory {
			t.Errorf("fingerprint %s (%v), in memory %s", read, err, memory)
		}
	}
	if said[0] != said[1] || said[0] != said[2] {
		t.Error("bits depend on the number of workers")
	}
}

func TestFolderErrors(t *testing.T) {
	root := shelf(t, 3)
	root["dark/01.png"] = &fstest.MapFile{Data: []byte("no picture")}
	root["light/sub/02.JPG"] = &fstest.MapFile{Data: huge()}
	o := images.Options{Height: 4, Width: 4}
	rows, err := images.Folder(root, "shelf", o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := data.Collect(rows); err == nil || !strings.Contains(err.Error(), "images: shelf: dark/01.png: neither JPEG, PNG nor WebP") {
		t.Errorf("error %v", err)
	}
	broken, err := images.Check(root, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(broken); len(broken) != 2 || !strings.Contains(got, "images: dark/01.png: neither") || !strings.Contains(got, "images: light/sub/02.JPG: PNG: 60000 x 60000") {
		t.Errorf("broken: %v", got)
	}

	with := func(path string) fstest.MapFS {
		root := shelf(t, 1)
		root[path] = &fstest.MapFile{Data: root["dark/00.png"].Data}
		return root
	}
	other := with("dark/notes.txt")
	for name, c := range map[string]struct {
		root fstest.MapFS
		o    images.Options
		want string
	}{
		"no size":   {root, images.Options{}, "a folder needs Height and Width"},
		"other":     {other, o, "dark/notes.txt is not called .jpg, .jpeg, .png or .webp; Options.SkipOthers"},
		"loose":     {with("a.png"), o, "a.png lies in no folder"},
		"empty":     {fstest.MapFS{}, o, "there are no pictures"},
		"one class": {fstest.MapFS{"a/b.png": other["dark/00.png"]}, o, "the only folder with pictures is a"},
		"workers":   {root, images.Options{Height: 1, Width: 1, Workers: -1}, "-1 workers"},
	} {
		if _, err := images.Folder(c.root, "shelf", c.o); err == nil || !strings.HasPrefix(err.Error(), "images: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	o.SkipOthers, o.Unlabelled = true, true
	rows, err = images.Folder(other, "shelf", o)
	if err != nil {
		t.Fatal(err)
	}
	if rows.Answers.Len() != 2 || rows.Answers.Targets != nil {
		t.Errorf("%d rows, targets %v", rows.Answers.Len(), rows.Answers.Targets)
	}
	if _, err := images.Folder(nil, "", o); err == nil {
		t.Error("no folder was read")
	}
}
