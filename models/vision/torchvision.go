package vision

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// TorchvisionRules returns the rules by which models.Model.Import reads weights of torchvision's
// network of the same kind, saved by safetensors.torch.save_file(net.state_dict(), path):
//
//	AlexNet        alexnet
//	VGG            vgg11 to vgg19, with BatchNorm vgg11_bn to vgg19_bn
//	ResNet         resnet18 to resnet152
//	MobileNetV2    mobilenet_v2
//	EfficientNet   efficientnet_b0, with multipliers b1 to b4
//	ConvNeXt       convnext_tiny, with other depths and widths the larger ones
//	ViT            vit_b_16 and the like, VisionTransformer(224, 16, 12, 3, 192, 768) for the zero value
//
// Other widths and numbers of classes follow the same rules. For images of other classes, let the
// new head keep its own weights: clear To in the mappings to "head/kernel" and "head/bias", and set
// AllowMissing. Torchvision's weights expect channels red, green, blue, scaled to [0, 1], minus
// 0.485, 0.456, 0.406, divided by 0.229, 0.224, 0.225.
//
// Any other architecture is an error.
func TorchvisionRules(a models.Architecture) (models.Import, error) {
	if a == nil {
		return models.Import{}, errors.New("vision: torchvision rules: the architecture is nil")
	}
	var net interface {
		architecture
		torchvision() ([]string, error)
	}
	side := 32 // names do not depend on the size of the images
	switch c := a.(type) {
	case AlexNet:
		net = c
	case VGG:
		net = c
	case ResNet:
		net = c
	case MobileNetV2:
		net = c
	case EfficientNet:
		net = c
	case ConvNeXt:
		net = c
	case ViT:
		if net = c; c.Patch > 0 {
			side = c.Patch
		}
	default:
		return models.Import{}, fmt.Errorf("vision: torchvision rules: torchvision has no counterpart of a %T", a)
	}
	names, err := net.torchvision()
	if err != nil {
		return models.Import{}, fail(net.name(), "%w", err)
	}
	r := rules{names: names, projections: "in_proj_", output: "out_proj."}
	return r.of(net, side)
}

// TimmRules is TorchvisionRules for the vision transformers of the package timm 0.4, and so for
// the weights of DeiT's authors, such as deit_tiny_patch16_224, which is the zero value of ViT.
// Networks with a token of distillation, and ones without biases of queries, keys and values, are
// others.
func TimmRules(c ViT) (models.Import, error) {
	sized, err := c.sized()
	if err != nil {
		return models.Import{}, fail(c.name(), "%w", err)
	}
	list := []string{"patch_embed.proj", "cls_token", "pos_embed"}
	for k := range sized.Depth {
		block := fmt.Sprintf("blocks.%d.", k)
		list = append(list, block+"norm1", block+"attn", block+"norm2", block+"mlp.fc1", block+"mlp.fc2")
	}
	r := rules{names: append(list, "norm", "head"), projections: "qkv.", output: "proj."}
	return r.of(c, sized.Patch)
}

func (c AlexNet) torchvision() ([]string, error) {
	return []string{"features.0", "features.3", "features.6", "features.8", "features.10", "classifier.1", "classifier.4", "classifier.6"}, nil
}

func (c VGG) torchvision() ([]string, error) {
	stages, err := c.stages()
	if err != nil {
		return nil, err
	}
	var list []string
	at := 0
	add := func() {
		list = append(list, fmt.Sprint("features.", at))
		at++
	}
	for _, convolutions := range stages {
		for range convolutions {
			if add(); c.BatchNorm {
				add()
			}
			at++ // ReLU
		}
		at++ // pooling
	}
	return append(list, "classifier.0", "classifier.3", "classifier.6"), nil
}

func (c ResNet) torchvision() ([]string, error) {
	stages, bottleneck, err := c.stages()
	if err != nil {
		return nil, err
	}
	convolutions := 2
	if bottleneck {
		convolutions = 3
	}
	list := []string{"conv1", "bn1"}
	for i, blocks := range stages {
		for k := range blocks {
			block := fmt.Sprintf("layer%d.%d.", i+1, k)
			for j := range convolutions {
				list = append(list, fmt.Sprint(block, "conv", j+1), fmt.Sprint(block, "bn", j+1))
			}
			if k == 0 && (i > 0 || bottleneck) {
				list = append(list, block+"downsample.0", block+"downsample.1")
			}
		}
	}
	return append(list, "fc"), nil
}

// pair names a convolution and its normalisation.
func pair(prefix string) []string { return []string{prefix + "0", prefix + "1"} }

func (c MobileNetV2) torchvision() ([]string, error) {
	list := pair("features.0.")
	at := 1
	for _, s := range mobileStages {
		for range s.blocks {
			block := fmt.Sprintf("features.%d.conv.", at)
			k := 0
			if s.expand != 1 {
				list = append(list, pair(fmt.Sprint(block, k, "."))...)
				k++
			}
			list = append(list, pair(fmt.Sprint(block, k, "."))...)
			list = append(list, fmt.Sprint(block, k+1), fmt.Sprint(block, k+2))
			at++
		}
	}
	return append(append(list, pair(fmt.Sprintf("features.%d.", at))...), "classifier.1"), nil
}

func (c EfficientNet) torchvision() ([]string, error) {
	blocks, _, err := c.blocks()
	if err != nil {
		return nil, err
	}
	list := pair("features.0.")
	for i, s := range efficientStages {
		for b := range blocks[i] {
			block := fmt.Sprintf("features.%d.%d.block.", i+1, b)
			k := 0
			if s.expand != 1 {
				list = append(list, pair(fmt.Sprint(block, k, "."))...)
				k++
			}
			list = append(list, pair(fmt.Sprint(block, k, "."))...)
			list = append(list, fmt.Sprint(block, k+1, ".fc1"), fmt.Sprint(block, k+1, ".fc2"))
			list = append(list, pair(fmt.Sprint(block, k+2, "."))...)
		}
	}
	return append(append(list, pair("features.8.")...), "classifier.1"), nil
}

func (c ConvNeXt) torchvision() ([]string, error) {
	depths, _, err := c.depths()
	if err != nil {
		return nil, err
	}
	list := pair("features.0.")
	for i, blocks := range depths {
		if i > 0 {
			list = append(list, pair(fmt.Sprintf("features.%d.", 2*i))...)
		}
		for b := range blocks {
			block := fmt.Sprintf("features.%d.%d.", 2*i+1, b)
			list = append(list, block+"block.0", block+"block.2", block+"block.3", block+"block.5", block+"layer_scale")
		}
	}
	return append(list, "classifier.0", "classifier.2"), nil
}

func (c ViT) torchvision() ([]string, error) {
	c, err := c.sized()
	if err != nil {
		return nil, err
	}
	list := []string{"conv_proj", "class_token", "encoder.pos_embedding"}
	for k := range c.Depth {
		block := fmt.Sprintf("encoder.layers.encoder_layer_%d.", k)
		list = append(list, block+"ln_1", block+"self_attention", block+"ln_2", block+"mlp.0", block+"mlp.3")
	}
	return append(list, "encoder.ln", "heads.head"), nil
}

// rules maps the parameters of layers, in their order, to tensors of PyTorch's modules, named in
// the same order.
type rules struct {
	names []string
	list  []models.Mapping
	// How the module of an attention calls the joint kernel of queries, keys and values, and that of
	// the output.
	projections, output string

	channels  int // of the last convolution
	flattened int // channels of an image that Flatten has turned into features; 0: none
	err       error
}

// of returns the rules for a network of square images.
func (r *rules) of(a architecture, side int) (models.Import, error) {
	parts, err := a.parts(graph.Shape{side, side, 3}, 1)
	if err != nil {
		return models.Import{}, fail(a.name(), "%w", err)
	}
	for i, p := range parts {
		r.inside("", i, p)
	}
	if r.err == nil && len(r.names) > 0 {
		r.err = fmt.Errorf("%q belong to no layer", r.names)
	}
	if r.err != nil {
		return models.Import{}, fail(a.name(), "rules: %w", r.err)
	}
	return models.Import{Map: r.list}, nil
}

// inside adds the parameters of a layer at a place in a list.
func (r *rules) inside(scope string, i int, l layers.Layer) {
	name := fmt.Sprint(i, ".", layers.Name(l))
	if n, ok := l.(layers.Named); ok {
		name, l = n.Name, n.Layer
	}
	r.parameters(scope+name, l)
}

// parameters adds those of a layer whose path is known.
func (r *rules) parameters(path string, l layers.Layer) {
	switch l := l.(type) {
	case layers.Stack:
		for i, part := range l {
			r.inside(path+"/", i, part)
		}
	case layers.Residual:
		r.parameters(path+"/body", l.Body)
		if l.Shortcut != nil {
			r.parameters(path+"/shortcut", l.Shortcut)
		}
	case layers.Conv2D:
		r.kernel(path, models.TorchKernel, !l.NoBias)
		r.channels = l.Filters
	case layers.DepthwiseConv2D:
		r.kernel(path, models.TorchKernel, !l.NoBias)
	case layers.Flatten:
		r.flattened = r.channels
	case layers.Dense:
		r.dense(path)
	case layers.BatchNorm:
		name := r.norm(path)
		r.add(name+".running_mean", path+"/running_mean", nil)
		r.add(name+".running_var", path+"/running_variance", nil)
		r.list = append(r.list, models.Mapping{From: name + ".num_batches_tracked", Optional: true})
	case layers.LayerNorm:
		r.norm(path)
	case layers.LayerScale:
		r.add(r.next(), path+"/scale", vector)
	case layers.ClassToken:
		r.add(r.next(), path+"/token", vector)
	case layers.PositionEmbedding:
		r.add(r.next(), path+"/positions", withoutBatch)
	case layers.SqueezeExcite:
		r.kernel(path+"/squeeze", pointwise, true)
		r.kernel(path+"/excite", pointwise, true)
	case layers.FeedForward:
		r.kernel(path+"/hidden", models.TorchKernel, true)
		r.kernel(path+"/output", models.TorchKernel, true)
	case layers.MultiHeadAttention:
		name := r.next()
		for i, part := range []string{"query", "key", "value"} {
			r.add(name+"."+r.projections+"weight", path+"/"+part+"/kernel", third(i))
			r.add(name+"."+r.projections+"bias", path+"/"+part+"/bias", third(i))
		}
		r.add(name+"."+r.output+"weight", path+"/output/kernel", models.TorchKernel)
		r.add(name+"."+r.output+"bias", path+"/output/bias", nil)
	}
}

// next returns the name of the next module.
func (r *rules) next() string {
	if len(r.names) == 0 {
		if r.err == nil {
			r.err = errors.New("there are more layers than modules")
		}
		return ""
	}
	name := r.names[0]
	r.names = r.names[1:]
	return name
}

func (r *rules) add(from, to string, as models.Transform) {
	r.list = append(r.list, models.Mapping{From: from, To: to, As: as})
}

func (r *rules) kernel(path string, as models.Transform, bias bool) {
	name := r.next()
	if r.add(name+".weight", path+"/kernel", as); bias {
		r.add(name+".bias", path+"/bias", nil)
	}
}

// dense adds a Dense layer, which may follow a Flatten.
func (r *rules) dense(path string) {
	as := models.Transform(models.TorchKernel)
	if r.flattened > 0 {
		as = models.TorchFlattened(r.flattened)
	}
	r.kernel(path, as, true)
	r.flattened = 0
}

func (r *rules) norm(path string) string {
	name := r.next()
	r.add(name+".weight", path+"/scale", nil)
	r.add(name+".bias", path+"/shift", nil)
	return name
}

// vector drops axes of size 1 around a vector.
func vector(shape graph.Shape, values []float64) (graph.Shape, []float64, error) {
	for _, d := range shape {
		if d != 1 && d != len(values) {
			return nil, nil, fmt.Errorf("shape %v: want one axis that is not 1", shape)
		}
	}
	return graph.Shape{len(values)}, values, nil
}

// withoutBatch drops a first axis of size 1.
func withoutBatch(shape graph.Shape, values []float64) (graph.Shape, []float64, error) {
	if len(shape) < 2 || shape[0] != 1 {
		return nil, nil, fmt.Errorf("shape %v: want a first axis of 1", shape)
	}
	return shape[1:], values, nil
}

// pointwise turns the kernel of a 1x1 convolution (out, in, 1, 1) into that of a Dense (in, out).
func pointwise(shape graph.Shape, values []float64) (graph.Shape, []float64, error) {
	if len(shape) != 4 || shape[2] != 1 || shape[3] != 1 {
		return nil, nil, fmt.Errorf("shape %v: want (out, in, 1, 1)", shape)
	}
	return models.TorchKernel(shape[:2], values)
}

// third returns the transform that takes the rows of queries, keys or values out of all three.
func third(i int) models.Transform {
	return func(shape graph.Shape, values []float64) (graph.Shape, []float64, error) {
		if len(shape) < 1 || len(shape) > 2 || shape[0]%3 != 0 || len(values)%3 != 0 {
			return nil, nil, fmt.Errorf("shape %v: want (3·width) or (3·width, width)", shape)
		}
		part := shape.Clone()
		part[0] /= 3
		n := len(values) / 3
		values = values[i*n : (i+1)*n]
		if len(shape) == 1 {
			return part, values, nil
		}
		return models.TorchKernel(part, values)
	}
}
