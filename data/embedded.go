package data

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"strings"
)

var (
	//go:embed embedded/iris.csv.gz
	irisCSV []byte
	//go:embed embedded/wine.csv.gz
	wineCSV []byte
	//go:embed embedded/breast_cancer.csv.gz
	breastCancerCSV []byte
	//go:embed embedded/digits.csv.gz
	digitsCSV []byte
	//go:embed embedded/diabetes.csv.gz
	diabetesCSV []byte
)

// Iris returns Fisher's iris flowers: 150 rows of 3 species, 4 lengths in cm.
//
// R. A. Fisher (1936), "The use of multiple measurements in taxonomic problems"; UCI
// Machine Learning Repository, doi:10.24432/C56C76, CC BY 4.0. As in scikit-learn, rows 34
// and 37 (from 0) follow Fisher's paper, where UCI's copy has errors.
func Iris() (*Set, error) {
	return embedded("iris", irisCSV, "classify", "UCI, Fisher 1936, doi:10.24432/C56C76, CC BY 4.0")
}

// Wine returns chemical analyses of wines: 178 rows of 3 cultivars, 13 measurements.
//
// S. Aeberhard and M. Forina (1992); UCI Machine Learning Repository,
// doi:10.24432/C5PC7J, CC BY 4.0.
func Wine() (*Set, error) {
	return embedded("wine", wineCSV, "classify", "UCI, Aeberhard & Forina 1992, doi:10.24432/C5PC7J, CC BY 4.0")
}

// BreastCancer returns the Wisconsin diagnostic breast-cancer data: 569 rows,
// benign (357) or malignant (212), 30 measurements of cell nuclei.
//
// W. Wolberg, O. Mangasarian, N. Street and W. Street (1993); UCI Machine
// Learning Repository, doi:10.24432/C5DW2B, CC BY 4.0.
func BreastCancer() (*Set, error) {
	return embedded("breast-cancer", breastCancerCSV, "classify", "UCI, Wolberg et al. 1993, doi:10.24432/C5DW2B, CC BY 4.0")
}

// Digits returns handwritten digits: 1797 images of 8 x 8 pixels, each from 0 to
// 16, as a table of 64 columns.
//
// E. Alpaydin and C. Kaynak (1998), the test part of "Optical Recognition of
// Handwritten Digits"; UCI Machine Learning Repository, doi:10.24432/C50P49,
// CC BY 4.0.
func Digits() (*Set, error) {
	return embedded("digits", digitsCSV, "classify", "UCI, Alpaydin & Kaynak 1998, doi:10.24432/C50P49, CC BY 4.0")
}

// Diabetes returns the progression of diabetes after a year in 442 patients, with 10
// measurements in their original units: a regression.
//
// B. Efron, T. Hastie, I. Johnstone and R. Tibshirani (2004), "Least Angle Regression",
// Annals of Statistics 32; the data accompany the paper and are distributed with
// scikit-learn (BSD 3-Clause).
func Diabetes() (*Set, error) {
	return embedded("diabetes", diabetesCSV, "regress", "Efron et al. 2004, Least Angle Regression; with scikit-learn")
}

// Names returns the names of the embedded sets.
func Names() []string { return []string{"iris", "wine", "breast-cancer", "digits", "diabetes"} }

// Load returns the embedded set with the given name.
func Load(name string) (*Set, error) {
	switch name {
	case "iris":
		return Iris()
	case "wine":
		return Wine()
	case "breast-cancer":
		return BreastCancer()
	case "digits":
		return Digits()
	case "diabetes":
		return Diabetes()
	}
	return nil, fmt.Errorf("data: there is no embedded set %q; there are %s", name, strings.Join(Names(), ", "))
}

func embedded(name string, packed []byte, task, source string) (*Set, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", name, err)
	}
	s, _, err := CSV{AsTask: task, Comma: ',', Header: true, KeepAll: true}.Read(r, name)
	if err != nil {
		return nil, err
	}
	s.Name, s.Source = name, source
	return s, nil
}
