package kernel

import "math"

// Softmax sets every row of dst to exp(x − log Σ exp x) of the row of x
// (rows, n). dst may be x.
func Softmax[T Float](dst, x []T, n int) {
	for at := 0; at+n <= len(x) && n > 0; at += n {
		row, d := x[at:at+n], dst[at:at+n]
		lse := rowLogSumExp(row)
		for i, v := range row {
			d[i] = T(math.Exp(float64(v) - lse))
		}
	}
}

// LogSoftmax sets every row of dst to x − log Σ exp x. dst may be x.
func LogSoftmax[T Float](dst, x []T, n int) {
	for at := 0; at+n <= len(x) && n > 0; at += n {
		row, d := x[at:at+n], dst[at:at+n]
		lse := rowLogSumExp(row)
		for i, v := range row {
			d[i] = T(float64(v) - lse)
		}
	}
}

func rowLogSumExp[T Float](row []T) float64 {
	peak := row[0]
	for _, v := range row[1:] {
		peak = max(peak, v)
	}
	p := float64(peak)
	if math.IsInf(p, 0) {
		return p
	}
	sum := 0.0
	for _, v := range row {
		sum += math.Exp(float64(v) - p)
	}
	return p + math.Log(sum)
}

// SoftmaxGrad sets dst to y·(g − Σ g·y) row by row, where y is the softmax.
func SoftmaxGrad[T Float](dst, y, g []T, n int) {
	for at := 0; at+n <= len(y) && n > 0; at += n {
		yr, gr, d := y[at:at+n], g[at:at+n], dst[at:at+n]
		dot := 0.0
		for i, v := range yr {
			dot += float64(v) * float64(gr[i])
		}
		for i, v := range yr {
			d[i] = v * (gr[i] - T(dot))
		}
	}
}

// LogSoftmaxGrad sets dst to g − exp(y)·Σ g row by row, where y is the log-softmax.
func LogSoftmaxGrad[T Float](dst, y, g []T, n int) {
	for at := 0; at+n <= len(y) && n > 0; at += n {
		yr, gr, d := y[at:at+n], g[at:at+n], dst[at:at+n]
		sum := 0.0
		for _, v := range gr {
			sum += float64(v)
		}
		for i, v := range yr {
			d[i] = T(float64(gr[i]) - math.Exp(float64(v))*sum)
		}
	}
}

// CrossEntropy sets dst[r] to the cross-entropy of row r of the logits z
// (rows, n) against class want[r], smoothed:
// (1−eps)·(lse − z[want]) + eps·(lse − mean z).
// It returns the first row whose class is out of range, or −1.
func CrossEntropy[T Float](dst, z []T, want []int, n int, eps float64) int {
	for r, w := range want {
		if w < 0 || w >= n {
			return r
		}
		row := z[r*n : (r+1)*n]
		lse := rowLogSumExp(row)
		loss := (1 - eps) * (lse - float64(row[w]))
		if eps != 0 {
			sum := 0.0
			for _, v := range row {
				sum += lse - float64(v)
			}
			loss += eps * sum / float64(n)
		}
		dst[r] = T(loss)
	}
	return -1
}

// CrossEntropyGrad sets dst to g[r]·(softmax(z) − q), q being the smoothed
// one-hot target of row r.
func CrossEntropyGrad[T Float](dst, z []T, want []int, g []T, n int, eps float64) {
	for r, w := range want {
		row, d := z[r*n:(r+1)*n], dst[r*n:(r+1)*n]
		lse, gr := rowLogSumExp(row), float64(g[r])
		for i, v := range row {
			q := eps / float64(n)
			if i == w {
				q += 1 - eps
			}
			d[i] = T(gr * (math.Exp(float64(v)-lse) - q))
		}
	}
}

// SoftCrossEntropy sets dst[r] to Σ q·(lse − z) over row r, where q is the row
// of want, smoothed to (1−eps)·want + eps/n.
func SoftCrossEntropy[T Float](dst, z, want []T, n int, eps float64) {
	for r := range dst {
		row, t := z[r*n:(r+1)*n], want[r*n:(r+1)*n]
		lse, loss := rowLogSumExp(row), 0.0
		for i, v := range row {
			if q := (1-eps)*float64(t[i]) + eps/float64(n); q != 0 {
				loss += q * (lse - float64(v))
			}
		}
		dst[r] = T(loss)
	}
}

// SoftCrossEntropyGrad sets dst to g[r]·(softmax(z)·Σq − q).
func SoftCrossEntropyGrad[T Float](dst, z, want, g []T, n int, eps float64) {
	for r := range g {
		row, t, d := z[r*n:(r+1)*n], want[r*n:(r+1)*n], dst[r*n:(r+1)*n]
		lse, gr, sum := rowLogSumExp(row), float64(g[r]), 0.0
		for _, v := range t {
			sum += (1-eps)*float64(v) + eps/float64(n)
		}
		for i, v := range row {
			q := (1-eps)*float64(t[i]) + eps/float64(n)
			d[i] = T(gr * (math.Exp(float64(v)-lse)*sum - q))
		}
	}
}

// LogisticLoss sets dst to the binary cross-entropy of the logits z against t:
// (1−t)·z + (1 + (pos−1)·t)·log(1 + exp −z), in a form that never overflows.
// pos weighs the positive class.
func LogisticLoss[T Float](dst, z, t []T, pos float64) {
	for i := range dst {
		zi, ti := float64(z[i]), float64(t[i])
		w := 1 + (pos-1)*ti
		dst[i] = T((1-ti)*zi + w*softplus(-zi))
	}
}

// LogisticLossGrad sets dst to g times the derivative of LogisticLoss by z.
func LogisticLossGrad[T Float](dst, z, t, g []T, pos float64) {
	for i := range dst {
		zi, ti := float64(z[i]), float64(t[i])
		w := 1 + (pos-1)*ti
		dst[i] = T(float64(g[i]) * (1 - ti - w*sigmoid(-zi)))
	}
}
