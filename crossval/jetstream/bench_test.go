package jetstream

import (
	"slices"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval"
)

// BenchmarkJob measures what a job costs beside its fit, which is next to nothing here: the
// median over validations of 200 jobs each, the upload of rows and plan included.
func BenchmarkJob(b *testing.B) {
	set := rows(b)
	once := func(b *testing.B, c *Conn, seed int) time.Duration {
		v := validation{uint64(seed), 20, make([]guess, 10)}
		begin := time.Now()
		if _, err := c.Validate(b.Context(), set, v.splitter(), v.candidates(), crossval.Options{Seed: v.Seed}, RunOptions{}); err != nil {
			b.Fatal(err)
		}
		return time.Since(begin) / 200
	}
	report := func(b *testing.B, c *Conn) {
		var list []time.Duration
		seed := 0
		for b.Loop() {
			seed++
			list = append(list, once(b, c, seed))
		}
		slices.Sort(list)
		b.ReportMetric(float64(list[len(list)/2].Microseconds())/1000, "ms/job")
		b.ReportMetric(0, "ns/op")
	}
	b.Run("embedded, 1 worker", func(b *testing.B) {
		c := embedded(b)
		work(b, c, WorkOptions{Parallel: 1})
		report(b, c)
	})
	for _, n := range []string{"1", "3"} {
		b.Run("processes, "+n+" workers", func(b *testing.B) {
			l := newCluster(b, int(n[0]-'0'), WorkOptions{Parallel: 1})
			c, err := Connect(b.Context(), Server{URL: l.url}, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(c.Close)
			report(b, c)
		})
	}
	b.Run("in process, without JetStream", func(b *testing.B) {
		var list []time.Duration
		seed := 0
		for b.Loop() {
			seed++
			v := validation{uint64(seed), 20, make([]guess, 10)}
			begin := time.Now()
			if _, err := crossval.Validate(b.Context(), set, v.splitter(), v.candidates(), crossval.Options{Seed: v.Seed, Workers: 1}); err != nil {
				b.Fatal(err)
			}
			list = append(list, time.Since(begin)/200)
		}
		slices.Sort(list)
		b.ReportMetric(float64(list[len(list)/2].Microseconds())/1000, "ms/job")
		b.ReportMetric(0, "ns/op")
	})
}
