//go:build long

package train_test

import (
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

func TestFilesAreMemoryLong(t *testing.T) {
	sameFromFiles(t, 3*data.WindowRows+data.BlockRows+777, train.Estimator{
		Net: models.MLP{Hidden: []int{8}, Dropout: 0.1}, Preprocess: prepareLarge, Balanced: true, Calibrate: train.Temperature, Decide: train.ByF1, Seed: 3,
		Config: train.Config{Epochs: 2, BatchSize: 1000, ValidationFraction: 0.1},
	})
}
