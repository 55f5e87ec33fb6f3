package recommend

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/internal/kernel"
	"gonum.org/v1/gonum/mat"
)

// EASE is the linear autoencoder whose weights have a closed form: Steck (2019), "Embarrassingly shallow
// autoencoders for sparse data", arXiv:1905.03375. With X of 0 and 1, (users, items), the weights B minimise
//
//	‖X − X·B‖² + Lambda·‖B‖² with diag B = 0: Bᵢⱼ = −Pᵢⱼ/Pⱼⱼ, P = (XᵀX + Lambda·I)⁻¹
//
// and the score of item j is Σ Bᵢⱼ over the items i of the user. Weights of interactions do not count. A user that was not trained
// on is scored by its items as well.
//
// The solution is dense: time grows with the third power of the number of items, memory, 20 bytes times
// their square while fitting, with the second. More than MaxItems are an error with the cause ErrTooLarge.
type EASE struct {
	Lambda   float64 // 0: 250
	MaxItems int     // 0: 8000
}

// Fit implements Learner.
func (m EASE) Fit(ctx context.Context, seen *data.Histories, _ uint64) (Scorer, error) {
	if err := begin(ctx, "ease", seen); err != nil {
		return nil, err
	}
	if m.Lambda == 0 {
		m.Lambda = 250
	}
	if m.MaxItems == 0 {
		m.MaxItems = 8000
	}
	n := seen.Items
	switch {
	case !(m.Lambda > 0) || math.IsInf(m.Lambda, 0):
		return nil, fmt.Errorf("recommend: ease: lambda %v: want a number above 0, or 0 for 250", m.Lambda)
	case m.MaxItems < 1 || m.MaxItems > mostDense:
		return nil, fmt.Errorf("recommend: ease: at most %d items: want 1 to %d, or 0 for 8000", m.MaxItems, mostDense)
	case n > m.MaxItems:
		return nil, fmt.Errorf("%w: ease of %d items: want at most %d", ErrTooLarge, n, m.MaxItems)
	}
	g := make([]float64, n*n)
	for u := range seen.Users() {
		items, _ := seen.Of(u)
		for _, i := range items {
			for _, j := range items {
				g[i*n+j]++
			}
		}
	}
	for i := range n {
		g[i*n+i] += m.Lambda
	}
	if err := invert(ctx, g, n); err != nil {
		return nil, fmt.Errorf("recommend: ease: %w", err)
	}
	x := &dense{trained: seen.Users(), items: n, weights: make([]float32, n*n)}
	for i := range n {
		for j := range n {
			if i != j {
				x.weights[i*n+j] = float32(-g[i*n+j] / g[j*n+j])
			}
		}
	}
	return x, nil
}

// invertBlock is the number of rows that invert eliminates at once.
const invertBlock = 128

// invert inverts a symmetric positive definite matrix in place, by Gauss-Jordan elimination of blocks of rows; of such a
// matrix no pivots need to be searched. Nearly all of the work is products of matrices.
func invert(ctx context.Context, a []float64, n int) error {
	kernel.Enter()
	defer kernel.Leave()
	left, across, both := make([]float64, n*invertBlock), make([]float64, invertBlock*n), make([]float64, invertBlock*n)
	for k := 0; k < n; k += invertBlock {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := min(invertBlock, n-k)
		block := mat.NewSymDense(b, nil)
		for i := range b {
			for j := i; j < b; j++ {
				block.SetSym(i, j, a[(k+i)*n+k+j])
			}
		}
		var c mat.Cholesky
		if !c.Factorize(block) {
			return errors.New("the matrix is not positive definite: want a greater lambda")
		}
		if err := c.InverseTo(block); err != nil {
			return err
		}
		p := make([]float64, b*b)
		for i := range b {
			for j := range b {
				p[i*b+j] = block.At(i, j)
			}
		}
		// The columns of the block, negated and without its own rows, and P times its rows.
		for i := range n {
			for j := range b {
				left[i*b+j] = -a[i*n+k+j]
			}
		}
		clear(left[k*b : (k+b)*b])
		copy(across, a[k*n:(k+b)*n])
		kernel.Gemm(false, false, b, n, b, p, across[:b*n], 0, both[:b*n])
		kernel.Gemm(false, false, n, n, b, left[:n*b], both[:b*n], 1, a)
		kernel.Gemm(false, false, n, b, b, left[:n*b], p, 0, across[:n*b])
		for i := range n {
			copy(a[i*n+k:i*n+k+b], across[i*b:(i+1)*b])
		}
		copy(a[k*n:(k+b)*n], both[:b*n])
		for i := range b {
			copy(a[(k+i)*n+k:(k+i)*n+k+b], p[i*b:(i+1)*b])
		}
	}
	return nil
}

// ErrTooLarge is the cause of errors about a catalogue that is too large for a model.
var ErrTooLarge = errors.New("recommend: the catalogue is too large")

// mostDense bounds the items of a dense model, so that its weights fit a 32-bit int.
const mostDense = 40_000

// dense is a fitted EASE: weights (items, items).
type dense struct {
	trained, items int
	weights        []float32
}

// Scores implements Scorer.
func (x *dense) Scores(users []User, scores []float32) error {
	n := x.items
	if err := checkUsers("ease", users, scores, x.trained, n); err != nil {
		return err
	}
	clear(scores)
	for k, u := range users {
		for _, i := range u.Items {
			kernel.Axpy(1, x.weights[i*n:(i+1)*n], scores[k*n:(k+1)*n])
		}
	}
	return nil
}

func init() { builtin.Register(EASE{}) }
