// Package images reads pictures as rows of a network's input: files of JPEG, PNG and WebP, upright
// as their EXIF data says, resized with antialiasing, and whole folders of them, which are decoded
// while a model is trained. It also holds augmenters for train.Config.Augment.
//
// Pictures are float32 in [0, 1], in row-major order of (height, width, channels), with three
// channels (red, green, blue) or one (grey).
package images

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// Image is a decoded picture.
type Image struct {
	Height, Width, Channels int
	Pix                     []float32 // (height, width, channels) in row-major order, in [0, 1]
}

// Options say what pictures are read as.
type Options struct {
	// Height and Width are the size that pictures are brought to; 0: that of the file, which a
	// folder cannot have. A picture is scaled until its shorter side covers the size, and its
	// centre is cut out.
	Height, Width int
	// Shorter is the length that the shorter side is scaled to before the centre is cut out, such
	// as 256 for pictures of 224x224; 0: as short as the size allows.
	Shorter int
	Stretch bool   // scale height and width to the size each by itself, and cut out nothing
	Filter  Filter // zero value: Bilinear
	Grey    bool   // one channel, 0.299 red + 0.587 green + 0.114 blue; otherwise three

	MaxPixels  int  // the largest picture that is decoded; 0: 1<<26 pixels
	Workers    int  // how many pictures of a folder are decoded at once; 0: GOMAXPROCS
	Unlabelled bool // a folder has no classes: its files may lie anywhere
	SkipOthers bool // leave out files of a folder that are not called .jpg, .jpeg, .png or .webp; otherwise they are an error
}

const (
	mostPixels  = 1 << 26
	mostFile    = 1 << 28 // bytes
	mostSide    = 1 << 15
	mostScaleTo = 1 << 24 // pixels that a picture is brought to
	mostWorkers = 1 << 10
)

func (o Options) check() (Options, error) {
	switch {
	case o.Height < 0 || o.Width < 0 || o.Height > mostSide || o.Width > mostSide || (o.Height == 0) != (o.Width == 0):
		return o, fmt.Errorf("images: a size of %d x %d: want both or neither, up to %d", o.Height, o.Width, mostSide)
	case o.Height*o.Width > mostScaleTo:
		return o, fmt.Errorf("images: a size of %d x %d: want at most %d pixels", o.Height, o.Width, mostScaleTo)
	case o.Shorter != 0 && (o.Height == 0 || o.Stretch):
		return o, fmt.Errorf("images: a shorter side of %d goes with Height and Width, and without Stretch", o.Shorter)
	case o.Shorter != 0 && (o.Shorter < max(o.Height, o.Width) || o.Shorter > mostSide):
		return o, fmt.Errorf("images: a shorter side of %d for a size of %d x %d: want at least the longer of them, up to %d", o.Shorter, o.Height, o.Width, mostSide)
	case o.Stretch && o.Height == 0:
		return o, errors.New("images: Stretch goes with Height and Width")
	case o.Filter != Bilinear && o.Filter != Bicubic:
		return o, fmt.Errorf("images: filter %d: want Bilinear or Bicubic", o.Filter)
	case o.MaxPixels < 0 || o.Workers < 0 || o.Workers > mostWorkers:
		return o, fmt.Errorf("images: at most %d pixels, %d workers: want none below 0, and up to %d workers", o.MaxPixels, o.Workers, mostWorkers)
	}
	if o.MaxPixels == 0 {
		o.MaxPixels = mostPixels
	}
	return o, nil
}

func (o Options) channels() int {
	if o.Grey {
		return 1
	}
	return 3
}

// Decode reads a picture: JPEG (also grey and CMYK), PNG (8 or 16 bits, also with a palette) or
// WebP (not animated). It is turned upright by its EXIF orientation; EXIF data that cannot be read
// is ignored, and so are colour profiles and transparency. The size is read first, so that a small
// file cannot ask for more memory than MaxPixels allows.
//
// At 4:2:0, JPEG decoders differ: Go's repeats chroma where libjpeg-turbo interpolates it.
func Decode(r io.Reader, o Options) (m *Image, err error) {
	if o, err = o.check(); err != nil {
		return nil, err
	}
	if r == nil {
		return nil, errors.New("images: there is nothing to read from")
	}
	raw, err := io.ReadAll(io.LimitReader(r, mostFile+1))
	if err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	m = &Image{}
	if m.Height, m.Width, m.Pix, err = o.decode(raw, nil); err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	m.Channels = o.channels()
	return m, nil
}

// codec is a format of files.
type codec struct {
	name   string
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	exif   func([]byte) []byte // the TIFF structure of a file's EXIF data, or nil
}

func codecOf(raw []byte) (codec, error) {
	switch {
	case bytes.HasPrefix(raw, []byte("\xff\xd8\xff")):
		return codec{"JPEG", jpeg.DecodeConfig, jpeg.Decode, exifOfJPEG}, nil
	case bytes.HasPrefix(raw, []byte(pngMagic)):
		return codec{"PNG", png.DecodeConfig, png.Decode, exifOfPNG}, nil
	case len(raw) >= 12 && string(raw[:4]) == "RIFF" && string(raw[8:12]) == "WEBP":
		return codec{"WebP", webp.DecodeConfig, webp.Decode, exifOfWebP}, nil
	case len(raw) == 0:
		return codec{}, errors.New("the file is empty")
	}
	return codec{}, fmt.Errorf("neither JPEG, PNG nor WebP: the file begins with % x", raw[:min(8, len(raw))])
}

// decode reads a picture into dst, if that has the right length, or into new memory.
func (o Options) decode(raw []byte, dst []float32) (h, w int, pix []float32, err error) {
	if len(raw) > mostFile {
		return 0, 0, nil, fmt.Errorf("the file is larger than %d MiB", mostFile>>20)
	}
	c, err := codecOf(raw)
	if err != nil {
		return 0, 0, nil, err
	}
	defer func() { // decoders of others, on files of anyone
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: the decoder failed: %v", c.name, p)
		}
	}()
	size, err := c.config(bytes.NewReader(raw))
	if err != nil {
		return 0, 0, nil, fmt.Errorf("%s: %w", c.name, err)
	}
	if size.Width < 1 || size.Height < 1 || size.Width > o.MaxPixels/size.Height {
		return 0, 0, nil, fmt.Errorf("%s: %d x %d pixels: want 1 to %d in all", c.name, size.Height, size.Width, o.MaxPixels)
	}
	m, err := c.decode(bytes.NewReader(raw))
	if err != nil {
		return 0, 0, nil, fmt.Errorf("%s: %w", c.name, err)
	}
	b := m.Bounds()
	if b.Dx() != size.Width || b.Dy() != size.Height {
		return 0, 0, nil, fmt.Errorf("%s: %d x %d pixels, and its header says %d x %d", c.name, b.Dy(), b.Dx(), size.Height, size.Width)
	}
	from := pixels{height: b.Dy(), width: b.Dx(), channels: o.channels(), row: rowsOf(m, c.name == "WebP")}
	if o.Grey {
		from.row = greyRows(from.row, b.Dx())
	}
	h, w, pix, err = o.fit(from, orientation(c.exif(raw)), dst)
	return h, w, pix, err
}

// pixels is a picture whose rows are converted when they are asked for.
type pixels struct {
	height, width, channels int
	row                     func(y int, dst []float32)
}

// rowsOf returns a function that converts a row of m to red, green and blue in [0, 1].
// Transparency is dropped. The planes of a lossy WebP have the range of video.
func rowsOf(m image.Image, video bool) func(y int, dst []float32) {
	b := m.Bounds()
	switch m := m.(type) {
	case *image.Gray:
		return func(y int, dst []float32) {
			for x, v := range m.Pix[y*m.Stride:][:b.Dx()] {
				g := float32(v) / 255
				dst[3*x], dst[3*x+1], dst[3*x+2] = g, g, g
			}
		}
	case *image.NRGBA:
		return func(y int, dst []float32) { rgbOf(dst, m.Pix[y*m.Stride:][:4*b.Dx()]) }
	case *image.RGBA:
		if m.Opaque() {
			return func(y int, dst []float32) { rgbOf(dst, m.Pix[y*m.Stride:][:4*b.Dx()]) }
		}
	case *image.YCbCr:
		return planes(m, video)
	case *image.NYCbCrA:
		return planes(&m.YCbCr, video)
	}
	return func(y int, dst []float32) {
		for x := range b.Dx() {
			switch c := m.At(b.Min.X+x, b.Min.Y+y).(type) {
			case color.NRGBA: // by way of premultiplied colours, what is transparent would be black
				dst[3*x], dst[3*x+1], dst[3*x+2] = float32(c.R)/255, float32(c.G)/255, float32(c.B)/255
			case color.NRGBA64:
				dst[3*x], dst[3*x+1], dst[3*x+2] = float32(c.R)/65535, float32(c.G)/65535, float32(c.B)/65535
			default:
				r, g, b, _ := c.RGBA()
				dst[3*x], dst[3*x+1], dst[3*x+2] = float32(r)/65535, float32(g)/65535, float32(b)/65535
			}
		}
	}
}

func rgbOf(dst []float32, pix []byte) {
	for x := range len(pix) / 4 {
		dst[3*x], dst[3*x+1], dst[3*x+2] = float32(pix[4*x])/255, float32(pix[4*x+1])/255, float32(pix[4*x+2])/255
	}
}

// planes converts luma and chroma by the formulas of JFIF or, for video, those of libwebp.
func planes(m *image.YCbCr, video bool) func(y int, dst []float32) {
	b, rgb := m.Bounds(), color.YCbCrToRGB
	if video {
		rgb = videoToRGB
	}
	return func(y int, dst []float32) {
		for x := range b.Dx() {
			at, chroma := m.YOffset(b.Min.X+x, b.Min.Y+y), m.COffset(b.Min.X+x, b.Min.Y+y)
			r, g, b := rgb(m.Y[at], m.Cb[chroma], m.Cr[chroma])
			dst[3*x], dst[3*x+1], dst[3*x+2] = float32(r)/255, float32(g)/255, float32(b)/255
		}
	}
}

// videoToRGB converts from BT.601 with luma in [16, 235], with the constants and the rounding of
// libwebp (src/dsp/yuv.h), so that results are its own to the bit.
func videoToRGB(y, cb, cr uint8) (r, g, b uint8) {
	luma := int32(y) * 19077 >> 8
	u, v := int32(cb), int32(cr)
	clip := func(x int32) uint8 { return uint8(max(0, min(255, x>>6))) }
	return clip(luma + v*26149>>8 - 14234),
		clip(luma - u*6419>>8 - v*13320>>8 + 8708),
		clip(luma + u*33050>>8 - 17685)
}

// greyRows converts rows of red, green and blue to luma by ITU-R BT.601, as PIL does.
func greyRows(row func(y int, dst []float32), width int) func(y int, dst []float32) {
	rgb := make([]float32, 3*width)
	return func(y int, dst []float32) {
		row(y, rgb)
		for x := range width {
			dst[x] = luma(rgb[3*x], rgb[3*x+1], rgb[3*x+2])
		}
	}
}

func luma(r, g, b float32) float32 {
	return min(1, float32(0.299*r)+float32(0.587*g)+float32(0.114*b))
}
