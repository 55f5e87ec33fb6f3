package vision_test

import (
	"bytes"
	"testing"

	"github.com/seed732fc211/aegis/infer"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/models/vision"
)

// BenchmarkOneImage is the latency of one image of 224x224 pixels in package infer, with
// normalisations of their own and with folded ones.
func BenchmarkOneImage(b *testing.B) {
	x := images([]int{1, 3, 224, 224})
	for name, a := range map[string]models.Architecture{
		"ResNet18": vision.ResNet{}, "ResNet50": vision.ResNet{Depth: 50}, "MobileNetV2": vision.MobileNetV2{}, "EfficientNetB0": vision.EfficientNet{},
	} {
		m, err := a.Build(set(x, 1000), 1)
		if err != nil {
			b.Fatal(err)
		}
		folded, err := m.FoldBatchNorm()
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range []struct {
			name string
			m    *models.Model
		}{{"plain", m}, {"folded", folded}} {
			var file bytes.Buffer
			if err := c.m.Write(&file); err != nil {
				b.Fatal(err)
			}
			served, err := infer.Read(&file)
			if err != nil {
				b.Fatal(err)
			}
			s, err := served.Session(1)
			if err != nil {
				b.Fatal(err)
			}
			for i, v := range x.Float64s() {
				s.Input(0).Float32[i] = float32(v)
			}
			b.Run(name+"/"+c.name, func(b *testing.B) {
				for b.Loop() {
					if err := s.Run(ctx); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
