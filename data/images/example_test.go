package images_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"log"
	"testing/fstest"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/images"
)

// Two folders, two classes. train.Fit takes the rows as they are, and reads one batch while it
// computes the one before.
func ExampleFolder() {
	root := fstest.MapFS{} // as os.DirFS("photos")
	for i, name := range []string{"day/1.png", "day/2.png", "night/1.png"} {
		file, err := encode(image.NewUniform(color.Gray{uint8(200 - 90*i)}), 40, 30)
		if err != nil {
			log.Fatal(err)
		}
		root[name] = &fstest.MapFile{Data: file}
	}
	rows, err := images.Folder(root, "photos", images.Options{Height: 8, Width: 8})
	if err != nil {
		log.Fatal(err)
	}
	set, err := data.Collect(rows)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Inputs[0].Shape(), set.Classes, set.Texts[0].Cells)
	fmt.Printf("%.3f\n", set.Inputs[0].Data().([]float32)[0])
	broken, err := images.Check(root, images.Options{})
	fmt.Println(broken, err)
	// Output:
	// (3, 8, 8, 3) [day night] [day/1.png day/2.png night/1.png]
	// 0.784
	// [] <nil>
}

// encode makes a PNG of one colour.
func encode(of image.Image, width, height int) ([]byte, error) {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.Draw(m, m.Bounds(), of, image.Point{}, draw.Src)
	var file bytes.Buffer
	err := png.Encode(&file, m)
	return file.Bytes(), err
}
