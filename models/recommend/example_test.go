package recommend_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models/recommend"
)

// shop returns what five customers bought.
func shop() *data.Interactions {
	x, err := data.NewInteractions("shop",
		[]string{"ann", "ann", "ann", "bob", "bob", "cid", "cid", "cid", "dee", "dee", "eve", "eve"},
		[]string{"bread", "butter", "jam", "bread", "butter", "nails", "hammer", "saw", "nails", "hammer", "bread", "saw"}, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	return x
}

// show prints what is recommended to bob and to dee first.
func show(l recommend.Learner) {
	r, err := recommend.Fit(context.Background(), l, shop(), 1)
	if err != nil {
		log.Fatal(err)
	}
	for _, user := range []string{"bob", "dee"} {
		list, err := r.ForUser(user, 1)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(user, list[0].Item)
	}
}

func ExamplePopularity() {
	show(recommend.Popularity{})
	// Output:
	// bob hammer
	// dee bread
}

func ExampleItemKNN() {
	show(recommend.ItemKNN{Neighbours: 5})
	// Output:
	// bob jam
	// dee saw
}

func ExampleEASE() {
	show(recommend.EASE{Lambda: 1})
	// Output:
	// bob jam
	// dee saw
}

func ExampleALS() {
	show(recommend.ALS{Factors: 2, Lambda: 0.1})
	// Output:
	// bob jam
	// dee saw
}

func ExampleBPR() {
	show(recommend.BPR{Factors: 4, Epochs: 300, Batch: 1})
	// Output:
	// bob jam
	// dee saw
}

// A fitted model is saved with the names of users and items, and recommends to someone it has not seen.
func ExampleRecommender_ForItems() {
	r, err := recommend.Fit(context.Background(), recommend.ALS{Factors: 2, Lambda: 0.1}, shop(), 1)
	if err != nil {
		log.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "recommend")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "shop.safetensors")
	if err := r.Save(path); err != nil {
		log.Fatal(err)
	}
	if r, err = recommend.Load(path); err != nil {
		log.Fatal(err)
	}
	list, err := r.ForItems([]string{"hammer"}, 2)
	if err != nil {
		log.Fatal(err)
	}
	for _, x := range list {
		fmt.Println(x.Item)
	}
	// Output:
	// nails
	// saw
}

// Any type with the method Scores is compared and searched as the models here are.
func ExampleTopK() {
	seen, err := shop().Histories()
	if err != nil {
		log.Fatal(err)
	}
	users, err := recommend.UsersOf(seen)
	if err != nil {
		log.Fatal(err)
	}
	hits, err := recommend.TopK(context.Background(), last{}, users[:1], seen.Items, 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(hits[0])
	// Output: [{5 5} {4 4}]
}

// last scores items by their number.
type last struct{}

// Scores implements recommend.Scorer.
func (last) Scores(users []recommend.User, scores []float32) error {
	for i := range scores {
		scores[i] = float32(i % (len(scores) / len(users)))
	}
	return nil
}
