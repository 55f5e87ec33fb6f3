package plots_test

import (
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/plots"
)

// A model that predicts 0.95 and is right four times out of five: testdata/calibration.png.
func ExampleCalibrationCurve() {
	f, err := plots.CalibrationCurve(tooSure())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f)
	// Output: figure, 4.6 x 4.4 inches
}

// What two columns are worth: see testdata/importance.png.
func ExampleImportanceBars() {
	f, err := plots.ImportanceBars(plots.Importances{Metric: "accuracy", Columns: []plots.Effect{
		{Name: "income", Mean: 0.2, Low: 0.15, High: 0.25},
		{Name: "age", Mean: 0.01, Low: -0.01, High: 0.03},
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f)
	// Output: figure, 5.4 x 1.9 inches
}

// One row in seven is positive, which the dashed line shows: see
// testdata/precision_recall.png.
func ExamplePrecisionRecallCurves() {
	f, err := plots.PrecisionRecallCurves(plots.PrecisionRecall{Rate: 1. / 7, Curves: []plots.PrecisionRecalls{
		{Name: "net", Recall: []float64{1, 0.8, 0.5, 0}, Precision: []float64{0.14, 0.6, 0.9, 1}, AveragePrecision: 0.71},
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f)
	// Output: figure, 4.6 x 4.4 inches
}

// See testdata/residuals.png.
func ExampleResidualsPredicted() {
	f, err := plots.ResidualsPredicted(plots.Residuals{Target: "price", Actual: []float64{10, 20, 30}, Predicted: []float64{12, 19, 33}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f)
	// Output: figure, 4.6 x 4.4 inches
}

// What a reader of the curves should notice.
func ExampleCurveNotes() {
	for _, note := range plots.CurveNotes(plots.Curves{
		Fits:       [][]data.Curve{{{Name: "loss", Values: []float64{2, 1.2, 0.9, 0.8, 0.7}}, {Name: "val_loss", Values: []float64{1.8, 1, 0.7, 0.9, 1.1}}}},
		BestEpochs: []int{3},
	}) {
		fmt.Println(note)
	}
	// Output:
	// Training loss (0.9) above validation (0.7) at the best epoch (epoch 3): a larger net or less regularisation may help. Dropout and penalties raise the training loss too.
	// Validation loss rises after epoch 3 (by 57% until the end): training longer does not help.
}

// A class name that none of the machine's fonts can draw.
func ExampleFigure_Warnings() {
	f, err := plots.ConfusionMatrix(plots.Confusion{Classes: []string{"梨", "fig"}, Counts: [][]float64{{3, 1}, {0, 4}}})
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range f.Warnings() {
		fmt.Println(w)
	}
	// Output: No font has the characters of a name in Chinese (Han) (U+68A8): they are drawn as boxes. Install a font that has them, or name its folder in the environment variable AEGIS_FONTS.
}
