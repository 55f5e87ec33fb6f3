// Package modelfile names what stands in the metadata of a model file.
package modelfile

// Version is the version of model files that is written, and the newest that is read.
const Version = 4

// Keys of the metadata.
const (
	Format    = "aegis.format"
	Model     = "aegis.model"           // the description of a models.Model
	Sum       = "aegis.sha256"          // of the whole file
	Program   = "aegis.program"         // an infer.Program
	NoProgram = "aegis.program.missing" // why there is no program
	Table     = "aegis.table"           // a rows.Table: columns and preprocessing
	NoTable   = "aegis.table.missing"   // why there is none
)
