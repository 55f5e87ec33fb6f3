package stats_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval/stats"
)

// TestManyRankedZeros: ranked zeros make ranks large, and the exact distribution with them: then
// the normal approximation is the default, and asking for the other an error, at once.
func TestManyRankedZeros(t *testing.T) {
	d := make([]float64, 200000)
	for i := range 50 {
		d[i] = float64(i+1) * float64(1-2*(i%3/2))
	}
	begin := time.Now()
	w, err := stats.Wilcoxon(d, stats.WilcoxonOptions{Zeros: stats.PrattZeros})
	if err != nil || !strings.Contains(w.Method, "normal") || w.N != len(d) {
		t.Errorf("%+v, %v", w, err)
	}
	if _, err := stats.Wilcoxon(d, stats.WilcoxonOptions{Zeros: stats.PrattZeros, Distribution: stats.Exact}); err == nil || !strings.Contains(err.Error(), "199950 of them 0") {
		t.Errorf("error %v", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if w, err = stats.Wilcoxon(d[:100], stats.WilcoxonOptions{Zeros: stats.PrattZeros}); err != nil || !strings.Contains(w.Method, "exact") {
		t.Errorf("%+v, %v", w, err)
	}
}
