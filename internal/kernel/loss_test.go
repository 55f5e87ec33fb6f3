package kernel

import (
	"math"
	"testing"
)

// TestGradientsOfSureRows: where a model is sure, the gradient of a loss is an exact 0 or
// far from a denormal number; elsewhere it is what the formula says.
func TestGradientsOfSureRows(t *testing.T) {
	sureRows[float32](t, 0x1p-96)
	sureRows[float64](t, 0x1p-960)
}

func sureRows[T Float](t *testing.T, tiny float64) {
	for _, z := range []float64{0, 1, 20, 60, 66, 67, 80, 90, 100, 103, 110, 600, 660, 670, 700, 740, 800} {
		for _, sign := range []float64{-1, 1} {
			small := math.Exp(-z) / (1 + math.Exp(-z)) // the probability of the other class
			class, target := 1, T(1)
			if sign < 0 {
				class, target = 0, 0
			}
			logit := T(sign * z)
			grads := map[string]T{}
			one := []T{0}
			LogisticLossGrad(one, []T{logit}, []T{target}, []T{1}, 1)
			grads["logistic"] = one[0]
			two := make([]T, 2)
			CrossEntropyGrad(two, []T{0, logit}, []int{class}, []T{1}, 2, 0)
			grads["softmax, the class that is sure"] = two[class]
			grads["softmax, the other class"] = two[1-class]
			SoftCrossEntropyGrad(two, []T{0, logit}, []T{1 - target, target}, []T{1}, 2, 0)
			grads["softmax of probabilities"] = two[1-class]
			for name, g := range grads {
				got := math.Abs(float64(g))
				if got != 0 && got < tiny {
					t.Errorf("%T, logit %v, %s: %v is tiny", g, logit, name, got)
				}
				if name == "softmax, the class that is sure" {
					continue // 1 − p rounds
				}
				if small > 2*tiny && math.Abs(got-small) > 1e-4*small+1e-45 || small < tiny/2 && got != 0 {
					t.Errorf("%T, logit %v, %s: %v, want %v", g, logit, name, got, small)
				}
			}
		}
	}
}
