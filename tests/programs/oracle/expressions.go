package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	celgo "github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	rules "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// expression is an expression of CEL, and what its variables are.
type expression struct {
	Text      string          `json:"text"`
	Minor     uint            `json:"minor"`
	Variables json.RawMessage `json:"variables"`
}

// outcome is what became of it: {"compile": TEXT}, {"error": TEXT, "cost": N} or {"type": TEXT, "value": TEXT, "cost": N}.
type outcome struct {
	Compile string  `json:"compile,omitempty"`
	Error   string  `json:"error,omitempty"`
	Type    string  `json:"type,omitempty"`
	Value   string  `json:"value,omitempty"`
	Cost    *uint64 `json:"cost,omitempty"`
}

// evaluate answers for an expression, whose variables have no type, as `object` of a policy has none.
func evaluate(asked expression) (any, error) {
	variables := map[string]any{}
	if err := utiljson.Unmarshal(asked.Variables, &variables); err != nil {
		return nil, err
	}
	declared := []celgo.EnvOption{}
	for name := range variables {
		declared = append(declared, celgo.Variable(name, celgo.DynType))
	}
	set, err := environment.MustBaseEnvSet(version.MajorMinor(1, asked.Minor)).Extend(
		environment.VersionedOptions{IntroducedVersion: version.MajorMinor(1, 0), EnvOptions: declared},
		environment.StrictCostOpt,
	)
	if err != nil {
		return nil, err
	}
	env := set.NewExpressionsEnv()
	ast, issues := env.Compile(asked.Text)
	if issues != nil {
		return outcome{Compile: issues.String()}, nil
	}
	program, err := env.Program(ast)
	if err != nil {
		return outcome{Compile: err.Error()}, nil
	}
	value, details, err := program.ContextEval(context.Background(), variables)
	var cost *uint64
	if details != nil {
		cost = details.ActualCost()
	}
	if err != nil {
		return outcome{Error: err.Error(), Cost: cost}, nil
	}
	return outcome{Type: ast.OutputType().String(), Value: shown(value), Cost: cost}, nil
}

// shown writes a value so that two of different types never look alike.
func shown(value ref.Val) string {
	switch value := value.(type) {
	case types.Null:
		return "null"
	case types.Bool, types.Int:
		return fmt.Sprint(value.Value())
	case types.Uint:
		return fmt.Sprintf("%du", value.Value())
	case types.Double:
		return fmt.Sprintf("double(%v)", value.Value())
	case types.String:
		text, _ := json.Marshal(value.Value())
		return string(text)
	case types.Bytes:
		return fmt.Sprintf("bytes(%x)", []byte(value))
	case types.Duration, types.Timestamp:
		return fmt.Sprintf("%s(%s)", value.Type().TypeName(), value.ConvertToType(types.StringType).Value())
	case *types.Optional:
		if !value.HasValue() {
			return "none"
		}
		return "optional(" + shown(value.GetValue()) + ")"
	case *types.Type:
		return "type(" + value.TypeName() + ")"
	case traits.Lister:
		items := []string{}
		for it := value.Iterator(); it.HasNext() == types.True; {
			items = append(items, shown(it.Next()))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case traits.Mapper:
		entries := []string{}
		for it := value.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			entries = append(entries, shown(key)+": "+shown(value.Get(key)))
		}
		sort.Strings(entries)
		return "{" + strings.Join(entries, ", ") + "}"
	}
	return value.Type().TypeName()
}

// ruled is a custom resource, and the schema of its definition.
type ruled struct {
	Schema apiextensionsv1.JSONSchemaProps `json:"schema"`
	Object map[string]any                  `json:"object"`
	Old    map[string]any                  `json:"old"`
}

// judge answers for the rules in a schema: what they refuse of an object once it has its defaults.
func judge(text []byte) (any, error) {
	var asked ruled
	if err := utiljson.Unmarshal(text, &asked); err != nil {
		return nil, err
	}
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&asked.Schema, &internal, nil); err != nil {
		return nil, err
	}
	schema, err := structural.NewStructural(&internal)
	if err != nil {
		return outcome{Compile: err.Error()}, nil
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(asked.Object, schema)
	defaulting.Default(asked.Object, schema)
	validator := rules.NewValidator(schema, true, celconfig.PerCallLimit)
	found := []problem{}
	if validator != nil {
		var old any
		if asked.Old != nil {
			defaulting.Default(asked.Old, schema)
			old = asked.Old
		}
		refused, _ := validator.Validate(context.Background(), nil, schema, asked.Object, old, celconfig.RuntimeCELCostBudget)
		for _, refusal := range refused {
			found = append(found, problem{string(refusal.Type), refusal.Field, refusal.Detail})
		}
	}
	return answer{found, []string{}}, nil
}
