package data_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// realTable is a table that testdata/fetch-tables.sh fetches, and what a human reads
// in it. Columns that are not named are numeric features without a format.
type realTable struct {
	name, target, sum string
	task              data.Task
	rows, classes     int // rows with a target
	categorical, time []string
	out               []string
	duplicates        int
}

var realTables = []realTable{
	{name: "cars-mpg", target: "Miles_per_Gallon", task: data.Regress{}, rows: 398, categorical: []string{"Origin"}, time: []string{"Year"}, out: []string{"Name"}, sum: "cb65111253371f068e1bf80a785acf3dd9c892005dd9b8af8345143e0f27a5d8"},
	{name: "seattle-weather", target: "weather", task: data.Classify{}, rows: 1461, classes: 5, time: []string{"date"}, sum: "0845078a290b48e3149ab8639966824110a251db4e06fc144c06ebb534af23be"},
	{name: "movies", target: "IMDB Rating", task: data.Regress{}, rows: 2988, categorical: []string{"MPAA Rating", "Distributor", "Source", "Major Genre", "Creative Type", "Director"}, time: []string{"Release Date"}, out: []string{"Title"}, sum: "3241f3293f08ed9f7f0c57e0a317e56e3b3cc73063b0249436f2d4c7bc349b8e"},
	{name: "penguins", target: "Species", task: data.Classify{}, rows: 344, classes: 3, categorical: []string{"Island", "Sex"}, sum: "9a15badbd5e78a83dd5dbe50ef180d784476669ca43a83de341e6f3332eebce8"},
	{name: "birdstrikes", target: "Effect Amount of damage", task: data.Classify{}, rows: 10000, classes: 6, categorical: []string{"Airport Name", "Aircraft Make Model", "Aircraft Airline Operator", "Origin State", "Phase of flight", "Wildlife Size", "Wildlife Species", "Time of day"}, time: []string{"Flight Date"}, duplicates: 24, sum: "45777edf69984b37599e73dbfb34dbc976055243547407214261a4fcb9466462"},
	{name: "churn", target: "churn", task: data.Classify{}, rows: 5000, classes: 2, categorical: []string{"state", "area_code", "international_plan", "voice_mail_plan"}, sum: "7eaf98ebcdf529c260539b939b6d1e8f5001b9d3d5266810560ba070c5bc2046"},
	{name: "attrition", target: "Attrition", task: data.Classify{}, rows: 1470, classes: 2, categorical: []string{"BusinessTravel", "Department", "Education", "EducationField", "EnvironmentSatisfaction", "Gender", "JobInvolvement", "JobRole", "JobSatisfaction", "MaritalStatus", "OverTime", "PerformanceRating", "RelationshipSatisfaction", "WorkLifeBalance"}, sum: "29ea5e79efb1936e95f50e684842192d4f468f247cca230b47d81f15d2315f06"},
	{name: "hpc", target: "class", task: data.Classify{}, rows: 4331, classes: 4, categorical: []string{"protocol", "day"}, sum: "7fcf58cc75576645d8112242ebb8ae82da54163bc59ffc0b31d308cbc8fbb8f3"},
	{name: "carprices", target: "Price", task: data.Regress{}, rows: 804, sum: "e37e8aa190ab908de570bf9ccaed41bd1c1a12028787af717b6c9aae6fc80491"},
	{name: "letters", target: "lettr", task: data.Classify{}, rows: 20000, classes: 26, duplicates: 1332, sum: "b63c465dbba15552b15f1932b259704e5547c1b5a7a39fd9a15ef94c2ba99114"},
	{name: "glass", target: "Type", task: data.Classify{}, rows: 214, classes: 6, duplicates: 1, sum: "6c1bc5ccf98200009d2d12d72e5fb45e6eac9d3ab7ac5397a8e8d52565156b1f"},
	{name: "pima", target: "diabetes", task: data.Classify{}, rows: 768, classes: 2, sum: "c3c0c04ee2d13380d1862d4b5d72f7ecc81fa265355741e3d695e7c7455438af"},
}

// file returns the table's bytes, or skips the test.
func (r realTable) file(t *testing.T) []byte {
	t.Helper()
	dir := os.Getenv("AEGIS_DATA")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skipf("there is no folder for data sets: %v", err)
		}
		dir = filepath.Join(cache, "aegis")
	}
	path := filepath.Join(dir, "tables", r.name+".csv")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("%v; data/testdata/fetch-tables.sh fetches it", err)
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != r.sum {
		t.Fatalf("%s is not the file that is meant; remove it and run data/testdata/fetch-tables.sh", path)
	}
	return raw
}

func TestRealTables(t *testing.T) {
	for _, r := range realTables {
		t.Run(r.name, func(t *testing.T) {
			s, report := read(t, data.CSV{Target: r.target}, string(r.file(t)))
			if s.Task() != r.task || s.Len() != r.rows || len(s.Classes) != r.classes || report.Duplicates != r.duplicates {
				t.Errorf("%v of %d rows, %d classes, %d duplicates; want %v of %d, %d, %d", s.Task(), s.Len(), len(s.Classes), report.Duplicates, r.task, r.rows, r.classes, r.duplicates)
			}
			for _, c := range report.Columns {
				want := data.ColumnReport{Type: data.Numeric, Role: "feature"}
				switch {
				case c.Name == r.target:
					continue
				case slices.Contains(r.categorical, c.Name):
					want.Type = data.Categorical
				case slices.Contains(r.time, c.Name):
					want.Type = data.DateTime
				case slices.Contains(r.out, c.Name):
					want.Type, want.Role = data.Categorical, "left out"
				}
				if c.Type != want.Type || c.Role != want.Role || c.Number != (data.NumberFormat{}) {
					t.Errorf("column %s is %s and %s (%s), want %s and %s", c.Name, c.Type, c.Role, c.Why, want.Type, want.Role)
				}
			}
			if err := s.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRealTablesAsOthersWriteThem rewrites real tables with semicolons, an index,
// decimal commas, currencies, thousands and units, which change nothing.
func TestRealTablesAsOthersWriteThem(t *testing.T) {
	number := regexp.MustCompile(`^-?\d+(\.\d+)?$`)
	each := func(column string, change func(string) string) func(int, string, string) string {
		return func(_ int, name, cell string) string {
			if name == column && number.MatchString(cell) {
				return change(cell)
			}
			return cell
		}
	}
	for _, c := range []struct {
		name, table string
		comma       rune
		cell        func(row int, name, cell string) string
		index       bool
	}{
		{name: "semicolons", table: "penguins", comma: ';'},
		{name: "an index without a name", table: "penguins", comma: ',', index: true},
		{name: "decimal commas and semicolons", table: "glass", comma: ';', cell: func(_ int, _, cell string) string { return strings.Replace(cell, ".", ",", 1) }},
		{name: "decimal comma", table: "carprices", comma: ',', cell: each("Price", func(s string) string { return strings.Replace(s, ".", ",", 1) })},
		{name: "currency and thousands", table: "carprices", comma: ',', cell: each("Price", func(s string) string {
			v, _ := strconv.ParseFloat(s, 64)
			return "$" + grouped(v, 2, ",", ".")
		})},
		{name: "thousands", table: "carprices", comma: ',', cell: each("Mileage", func(s string) string {
			v, _ := strconv.ParseFloat(s, 64)
			return grouped(v, 0, ",", ".")
		})},
		{name: "unit", table: "carprices", comma: ',', cell: each("Mileage", func(s string) string { return s + " mi" })},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := realTables[slices.IndexFunc(realTables, func(r realTable) bool { return r.name == c.table })]
			raw := r.file(t)
			want, _ := read(t, data.CSV{Target: r.target}, string(raw))
			records, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			w := csv.NewWriter(&b)
			w.Comma = c.comma
			for i, record := range records {
				out := slices.Clone(record)
				for j := range out {
					if i > 0 && c.cell != nil {
						out[j] = c.cell(i, records[0][j], out[j])
					}
				}
				if c.index {
					out = slices.Insert(out, 0, map[bool]string{true: "", false: fmt.Sprint(i - 1)}[i == 0])
				}
				if err := w.Write(out); err != nil {
					t.Fatal(err)
				}
			}
			w.Flush()
			s, report := read(t, data.CSV{Target: r.target}, b.String())
			if !equalNaN(values(t, s), values(t, want)) || !slices.Equal(s.Classes, want.Classes) || len(s.Features) != len(want.Features) {
				t.Errorf("it is read otherwise:\n%v", report)
			}
			if r.task == (data.Regress{}) {
				y, errY := s.Values()
				z, errZ := want.Values()
				if errY != nil || errZ != nil || !slices.Equal(y, z) {
					t.Errorf("the target is read otherwise:\n%v", report)
				}
			}
		})
	}
}
