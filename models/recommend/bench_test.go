package recommend

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// many are interactions of the size of Debian's dependencies: 57,000 users, 42,000 items with popularities by
// Zipf's law, about 5 items a user.
func many(b *testing.B) *data.Histories {
	r := rand.New(rand.NewPCG(1, 0))
	const users, items = 57_000, 42_000
	h := &data.Histories{Items: items, Start: []int{0}}
	for range users {
		var have []int
		for range 1 + r.IntN(10) {
			i := int(math.Pow(items, r.Float64())) - 1
			if !slices.Contains(have, i) {
				have = append(have, i)
				h.Item, h.Weight = append(h.Item, i), append(h.Weight, 1)
			}
		}
		h.Start = append(h.Start, len(h.Item))
	}
	if err := h.Check(); err != nil {
		b.Fatal(err)
	}
	return h
}

// BenchmarkTopK is a user's time for the best 10 of 42,000 items by 64 factors, of users one by one and many.
func BenchmarkTopK(b *testing.B) {
	h := many(b)
	s, err := newFactors("bpr", h, 64, 1)
	if err != nil {
		b.Fatal(err)
	}
	users, err := UsersOf(h)
	if err != nil {
		b.Fatal(err)
	}
	for name, n := range map[string]int{"one": 1, "many": 320} {
		b.Run(name, func(b *testing.B) {
			for i := 0; i < b.N; i += n {
				if _, err := TopK(context.Background(), s, users[i%1000:i%1000+n], h.Items, 10); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkALS is an iteration over users and items.
func BenchmarkALS(b *testing.B) {
	h := many(b)
	for b.Loop() {
		if _, err := (ALS{Iterations: 1}).Fit(context.Background(), h, 1); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBPR is an epoch.
func BenchmarkBPR(b *testing.B) {
	h := many(b)
	d, err := newTriples(h, 1)
	if err != nil {
		b.Fatal(err)
	}
	f, err := newFactors("bpr", h, 64, 1)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("draw", func(b *testing.B) {
		for b.Loop() {
			d.epoch()
		}
	})
	triples := d.epoch()
	b.Run("descend", func(b *testing.B) {
		const batch = 64
		s := newDescent(BPR{Factors: 64, LearningRate: 0.05, Batch: batch}, f)
		for b.Loop() {
			for from := 0; from < len(triples); from += batch {
				if err := s.step(context.Background(), triples[from:min(from+batch, len(triples))]); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
