package describe_test

import (
	"encoding/json"
	"fmt"
	"log"
	"strconv"
	"strings"

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

// All registered kinds of one package.
func ExampleKinds() {
	for _, k := range describe.Kinds() {
		if strings.HasPrefix(k, "losses.") && strings.HasSuffix(k, "CrossEntropy") {
			fmt.Println(k)
		}
	}
	// Output:
	// losses.BinaryCrossEntropy
	// losses.SequenceCrossEntropy
	// losses.SoftmaxCrossEntropy
}

// A value in an interface needs a kind; zero fields are left out.
func ExampleMarshal() {
	var o optim.Optimizer = optim.Adam{LearningRate: 0.01}
	text, err := describe.Marshal(&o)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	// Output: {"kind":"optim.Adam","config":{"LearningRate":0.01}}
}

// A registered type, and one that is not.
func ExampleKind() {
	fmt.Println(describe.Kind(optim.Adam{}), describe.Kind(train.Event{}))
	// Output: optim.Adam Event
}

// Warmth is a schedule whose first version called Epochs "Steps".
type Warmth struct{ Epochs float64 }

// Factor implements optim.Schedule.
func (w Warmth) Factor(epoch, _ float64) float64 { return min(1, epoch/w.Epochs) }

// A description in an older version is upgraded when it is read.
func ExampleRegisterEntry() {
	err := describe.RegisterEntry(describe.Entry{
		Kind: "example.Warmth", Version: 2, Example: Warmth{},
		Upgrade: func(version int, config map[string]json.RawMessage) error {
			config["Epochs"] = config["Steps"]
			delete(config, "Steps")
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	var s optim.Schedule
	if err := describe.Unmarshal([]byte(`{"kind":"example.Warmth","config":{"Steps":5}}`), &s); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", s)
	// Output: {Epochs:5}
}

// Percent is written as "12%".
type Percent float64

func ExampleRegisterText() {
	err := describe.RegisterText(describe.Text{
		Example: Percent(0),
		Write:   func(v any) (string, error) { return fmt.Sprintf("%v%%", float64(v.(Percent))), nil },
		Read: func(text string) (any, error) {
			v, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
			return Percent(v), err
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	type limits struct{ Low, High Percent }
	text, err := describe.Marshal(limits{5, 12.5})
	if err != nil {
		log.Fatal(err)
	}
	var again limits
	if err := describe.Unmarshal(text, &again); err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text), again)
	// Output: {"Low":"5%","High":"12.5%"} {5 12.5}
}
