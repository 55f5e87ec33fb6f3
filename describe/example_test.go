package describe_test

import (
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

// An estimator as JSON, and made again.
func Example() {
	e := train.Estimator{
		Net:    models.MLP{Hidden: []int{16}, Dropout: 0.2},
		Config: train.Config{Loss: losses.Huber{Delta: 2}, Optimizer: optim.AdamW{LearningRate: 0.01}, Epochs: 50},
	}
	text, err := describe.Marshal(e)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))

	var again train.Estimator
	if err := describe.Unmarshal(text, &again); err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Config.Epochs, again.Config.Loss)
	// Output:
	// {"kind":"train.Estimator","config":{"Net":{"kind":"models.MLP","config":{"Hidden":[16],"Dropout":0.2}},"Config":{"Loss":{"kind":"losses.Huber","config":{"Delta":2}},"Optimizer":{"kind":"optim.AdamW","config":{"LearningRate":0.01}},"Epochs":50}}}
	// 50 {2}
}

// Halving is a schedule of your own.
type Halving struct{ Every float64 }

// Factor implements optim.Schedule.
func (h Halving) Factor(epoch, _ float64) float64 { return 1 / (1 + epoch/h.Every) }

func ExampleRegister() {
	if err := describe.Register("example.", Halving{}); err != nil {
		log.Fatal(err)
	}
	text, err := describe.Marshal(train.Config{Schedule: Halving{Every: 5}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	fmt.Println(describe.Kind(Halving{}))
	// Output:
	// {"Schedule":{"kind":"example.Halving","config":{"Every":5}}}
	// example.Halving
}

// What a description says that this version does not know is an error.
func ExampleUnmarshal() {
	var o optim.Optimizer
	fmt.Println(describe.Unmarshal([]byte(`{"kind":"optim.Adam","config":{"LearningRate":0.1}}`), &o), o)
	fmt.Println(describe.Unmarshal([]byte(`{"kind":"optim.Adam","config":{"Rate":0.1}}`), &o))
	fmt.Println(describe.Unmarshal([]byte(`{"kind":"optim.Adam","version":2}`), &o))
	fmt.Println(describe.Unmarshal([]byte(`{"kind":"losses.MSE"}`), &o))
	// Output:
	// <nil> {0.1 0 0 0 0}
	// optim.Optimizer(optim.Adam): has no field "Rate"
	// optim.Optimizer: "optim.Adam" is written in version 2, newer than version 1, which is known here
	// optim.Optimizer: "losses.MSE" is no optim.Optimizer
}

func ExampleNew() {
	v, err := describe.New("optim.Adam")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", v)
	// Output: {LearningRate:0 Beta1:0 Beta2:0 Epsilon:0 WeightDecay:0}
}
