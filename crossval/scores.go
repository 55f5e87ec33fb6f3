package crossval

import (
	"math"
	"slices"
)

func accuracy(want, have []int, _ int) (float64, error) {
	hit := 0
	for i, c := range want {
		if have[i] == c {
			hit++
		}
	}
	return float64(hit) / float64(len(want)), nil
}

// balancedAccuracy is the mean recall of the classes that occur.
func balancedAccuracy(want, have []int, classes int) (float64, error) {
	count := make([]int, classes)
	hit := make([]int, classes)
	for i, c := range want {
		count[c]++
		if have[i] == c {
			hit[c]++
		}
	}
	sum, present := 0.0, 0
	for c := range count {
		if count[c] > 0 {
			sum += float64(hit[c]) / float64(count[c])
			present++
		}
	}
	return sum / float64(present), nil
}

// logLoss is the mean of -log p(true class), p clipped to [eps, 1-eps] with eps
// 2^-52 as in scikit-learn 1.2.
func logLoss(want []int, proba []float64, classes int) (float64, error) {
	const eps = 0x1p-52
	sum := 0.0
	for i, c := range want {
		total := 0.0
		for _, p := range proba[i*classes : (i+1)*classes] {
			total += min(max(p, eps), 1-eps)
		}
		sum -= math.Log(min(max(proba[i*classes+c], eps), 1-eps) / total)
	}
	return sum / float64(len(want)), nil
}

// rocAUC is the area under the ROC curve of class 1, or for more than two
// classes the mean of the areas of each class against the rest.
func rocAUC(want []int, proba []float64, classes int) (float64, error) {
	if classes < 2 {
		return 0, ErrUndefined
	}
	column := make([]float64, len(want))
	sum, from := 0.0, 0
	if classes == 2 {
		from = 1
	}
	for c := from; c < classes; c++ {
		for i := range want {
			column[i] = proba[i*classes+c]
		}
		a, err := area(want, c, column)
		if err != nil {
			return 0, err
		}
		sum += a
	}
	return sum / float64(classes-from), nil
}

// area is the probability that a row of the class scores higher than a row of
// another, ties counted half (Mann & Whitney's U over the number of pairs).
func area(want []int, class int, score []float64) (float64, error) {
	order := make([]int, len(want))
	positives := 0
	for i, c := range want {
		order[i] = i
		if c == class {
			positives++
		}
	}
	negatives := len(want) - positives
	if positives == 0 || negatives == 0 {
		return 0, ErrUndefined
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case score[a] < score[b]:
			return -1
		case score[a] > score[b]:
			return 1
		}
		return 0
	})
	ranks := 0.0 // of the positives, from 1
	for i := 0; i < len(order); {
		j, tied := i, 0
		for ; j < len(order) && score[order[j]] == score[order[i]]; j++ {
			if want[order[j]] == class {
				tied++
			}
		}
		ranks += float64(tied) * float64(i+1+j) / 2
		i = j
	}
	u := ranks - float64(positives)*float64(positives+1)/2
	return u / (float64(positives) * float64(negatives)), nil
}

func rmse(want, have []float64) (float64, error) {
	return math.Sqrt(squares(want, have) / float64(len(want))), nil
}

func squares(want, have []float64) float64 {
	sum := 0.0
	for i, v := range want {
		sum += (have[i] - v) * (have[i] - v)
	}
	return sum
}

func mae(want, have []float64) (float64, error) {
	sum := 0.0
	for i, v := range want {
		sum += math.Abs(have[i] - v)
	}
	return sum / float64(len(want)), nil
}

// r2 is 1 - the sum of squared errors over that of the mean of the rows.
func r2(want, have []float64) (float64, error) {
	mean := 0.0
	for _, v := range want {
		mean += v
	}
	mean /= float64(len(want))
	total := 0.0
	for _, v := range want {
		total += (v - mean) * (v - mean)
	}
	if total == 0 {
		return 0, ErrUndefined
	}
	return 1 - squares(want, have)/total, nil
}
