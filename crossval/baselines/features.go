package baselines

import (
	"github.com/seed732fc211/aegis/text"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// features are the inputs of a linear model, (rows, columns).
type features interface {
	shape() (rows, columns int)
	// addScores adds x·wᵀ to out, (rows, outputs). w is (outputs, columns), or in whatever order
	// gradient writes.
	addScores(w []float64, outputs int, out []float64)
	// gradient writes scoresᵀ·x, (outputs, columns).
	gradient(scores []float64, outputs int, to []float64)
	pick(rows []int) features
}

// dense are features row by row.
type dense struct {
	x             []float64
	rows, columns int
}

func (d dense) shape() (rows, columns int) { return d.rows, d.columns }

func (d dense) matrix() blas64.General {
	return blas64.General{Rows: d.rows, Cols: d.columns, Stride: d.columns, Data: d.x}
}

func (d dense) addScores(w []float64, outputs int, out []float64) {
	blas64.Gemm(blas.NoTrans, blas.Trans, 1, d.matrix(), blas64.General{Rows: outputs, Cols: d.columns, Stride: d.columns, Data: w},
		1, blas64.General{Rows: d.rows, Cols: outputs, Stride: outputs, Data: out})
}

func (d dense) gradient(scores []float64, outputs int, to []float64) {
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, blas64.General{Rows: d.rows, Cols: outputs, Stride: outputs, Data: scores}, d.matrix(),
		0, blas64.General{Rows: outputs, Cols: d.columns, Stride: d.columns, Data: to})
}

func (d dense) pick(rows []int) features {
	out := dense{rows: len(rows), columns: d.columns}
	for _, i := range rows {
		out.x = append(out.x, d.x[i*d.columns:(i+1)*d.columns]...)
	}
	return out
}

// sparse are features most of which are 0. Its weights are (columns, outputs), so that those of a
// feature lie together.
type sparse struct{ *text.Sparse }

func (s sparse) shape() (rows, columns int) { return s.Rows, s.Width }

func (s sparse) addScores(w []float64, outputs int, out []float64) {
	for i := range s.Rows {
		row := out[i*outputs : (i+1)*outputs]
		for k := s.Offsets[i]; k < s.Offsets[i+1]; k++ {
			v, at := s.Values[k], int(s.Columns[k])*outputs
			for o, weight := range w[at : at+outputs] {
				row[o] += v * weight
			}
		}
	}
}

func (s sparse) gradient(scores []float64, outputs int, to []float64) {
	clear(to)
	for i := range s.Rows {
		row := scores[i*outputs : (i+1)*outputs]
		for k := s.Offsets[i]; k < s.Offsets[i+1]; k++ {
			v, at := s.Values[k], int(s.Columns[k])*outputs
			of := to[at : at+outputs]
			for o, d := range row {
				of[o] += v * d
			}
		}
	}
}

func (s sparse) pick(rows []int) features {
	out := &text.Sparse{Rows: len(rows), Width: s.Width, Offsets: []int{0}}
	for _, i := range rows {
		from, to := s.Offsets[i], s.Offsets[i+1]
		out.Columns, out.Values = append(out.Columns, s.Columns[from:to]...), append(out.Values, s.Values[from:to]...)
		out.Offsets = append(out.Offsets, len(out.Columns))
	}
	return sparse{out}
}
