// Command oracle says what the API server of the pinned release thinks of objects, with the server's own code: strict
// decoding, defaults, validation and warnings. Admission and what is already in the cluster are left out.
//
// Lines of JSON in: {"new": OBJECT} for a create, {"old": OBJECT, "new": OBJECT} for an update; {"expression": …} for an
// expression of CEL, {"rules": …} for the rules in the schema of a definition, whose answers expressions.go says.
//
// For each object a line of JSON out:
//
//	{"errors": [{"type": …, "field": …, "detail": …}], "warnings": [TEXT]}
//	{"decode": TEXT}    what does not decode strictly: unknown fields, wrong types
//	{"unknown": TEXT}   a kind that has no strategy here
//	{"old": TEXT}       an old object that the server would not have taken
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/warning"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/batch"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/capabilities"
)

// line is a line of input.
type line struct {
	Old        json.RawMessage `json:"old"`
	New        json.RawMessage `json:"new"`
	Expression *expression     `json:"expression"`
	Rules      json.RawMessage `json:"rules"`
}

// answer is a line of output.
type answer struct {
	Errors   []problem `json:"errors"`
	Warnings []string  `json:"warnings"`
}

// problem is an error of the server.
type problem struct {
	Type   string `json:"type"`
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func main() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	// As all clusters have it that run more than toys.
	capabilities.Setup(true, 0)
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	lines := bufio.NewReaderSize(in, 1<<20)
	written := bufio.NewWriterSize(out, 1<<20)
	encoder := json.NewEncoder(written)
	encoder.SetEscapeHTML(false)
	oracle, err := newOracle()
	if err != nil {
		return err
	}
	for {
		text, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(text)) > 0 {
			var asked line
			if err := json.Unmarshal(text, &asked); err != nil {
				return fmt.Errorf("a line of input: %w", err)
			}
			if err := encoder.Encode(oracle.safely(asked)); err != nil {
				return err
			}
			// Who writes a line and waits for its answer gets it.
			if lines.Buffered() == 0 {
				if err := written.Flush(); err != nil {
					return err
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return written.Flush()
		}
		if err != nil {
			return err
		}
	}
}

// oracle is what an answer needs.
type oracle struct {
	decoder  runtime.Decoder
	services *services
}

func newOracle() (*oracle, error) {
	services, err := newServices()
	if err != nil {
		return nil, err
	}
	for _, info := range legacyscheme.Codecs.SupportedMediaTypes() {
		if info.MediaType == runtime.ContentTypeJSON {
			decoder := legacyscheme.Codecs.DecoderToVersion(info.StrictSerializer, runtime.InternalGroupVersioner)
			return &oracle{decoder, services}, nil
		}
	}
	return nil, errors.New("the scheme reads no JSON")
}

// resource is a decoded object, and how the server treats its kind.
type resource struct {
	object   runtime.Object
	meta     metav1.Object
	gvk      schema.GroupVersionKind
	strategy strategy
}

// safely answers also where the server's code panics, which a real server says as a refusal of its own.
func (o *oracle) safely(asked line) (said any) {
	defer func() {
		if cause := recover(); cause != nil {
			said = answer{[]problem{{"panic", "", fmt.Sprint(cause)}}, []string{}}
		}
	}()
	return o.answer(asked)
}

func (o *oracle) answer(asked line) any {
	said, err := any(nil), error(nil)
	switch {
	case asked.Expression != nil:
		said, err = evaluate(*asked.Expression)
	case asked.Rules != nil:
		said, err = judge(asked.Rules)
	default:
		return o.store(asked)
	}
	if err != nil {
		return map[string]string{"decode": err.Error()}
	}
	return said
}

// store answers for an object that is created or updated.
func (o *oracle) store(asked line) any {
	wanted, refusal := o.decode(asked.New)
	if refusal != nil {
		return refusal
	}
	recorder := &recorder{warnings: []string{}}
	if asked.Old == nil {
		err := o.create(wanted.context(recorder), wanted)
		return answer{problems(err), recorder.warnings}
	}
	stored, refusal := o.decode(asked.Old)
	if refusal != nil {
		return refusal
	}
	if err := o.create(stored.context(&discarded{}), stored); err != nil {
		return map[string]string{"old": err.Error()}
	}
	err := o.update(wanted.context(recorder), wanted, stored)
	return answer{problems(err), recorder.warnings}
}

// decode reads an object as the server does with fieldValidation=Strict, and fills in defaults. What it returns second
// is the answer if that fails.
func (o *oracle) decode(text []byte) (*resource, any) {
	var kind metav1.TypeMeta
	if err := json.Unmarshal(text, &kind); err != nil {
		return nil, map[string]string{"decode": err.Error()}
	}
	gvk := kind.GroupVersionKind()
	strategy, found := strategies[gvk.GroupKind()]
	if !found || !legacyscheme.Scheme.Recognizes(gvk) {
		return nil, map[string]string{"unknown": fmt.Sprintf("%s %s", kind.APIVersion, kind.Kind)}
	}
	object, _, err := o.decoder.Decode(text, nil, nil)
	if err != nil {
		return nil, map[string]string{"decode": err.Error()}
	}
	meta, err := meta.Accessor(object)
	if err != nil {
		return nil, map[string]string{"decode": err.Error()}
	}
	rest.WipeObjectMetaSystemFields(meta)
	return &resource{object, meta, gvk, strategy}, nil
}

// context returns what the server knows of the request.
func (r *resource) context(recorder warning.Recorder) context.Context {
	namespace := metav1.NamespaceNone
	if r.strategy.NamespaceScoped() {
		namespace = r.meta.GetNamespace()
		if namespace == "" {
			namespace = metav1.NamespaceDefault
		}
	}
	ctx := request.WithNamespace(context.Background(), namespace)
	plural, _ := meta.UnsafeGuessKindToResource(r.gvk)
	ctx = request.WithRequestInfo(ctx, &request.RequestInfo{
		IsResourceRequest: true,
		APIGroup:          r.gvk.Group,
		APIVersion:        r.gvk.Version,
		Resource:          plural.Resource,
		Namespace:         namespace,
		Name:              r.meta.GetName(),
	})
	return warning.WithWarningRecorder(ctx, recorder)
}

// create does what the server does between decoding and storing.
func (o *oracle) create(ctx context.Context, new *resource) error {
	rest.FillObjectMetaSystemFields(new.meta)
	if new.meta.GetName() == "" && new.meta.GetGenerateName() != "" {
		new.meta.SetName(new.strategy.GenerateName(new.meta.GetGenerateName()))
	}
	if service, isService := new.object.(*core.Service); isService {
		release, err := o.services.create(ctx, service)
		if err != nil {
			return err
		}
		defer release()
	}
	return rest.BeforeCreate(new.strategy, ctx, new.object)
}

// update does so for an object that is there.
func (o *oracle) update(ctx context.Context, new, old *resource) error {
	if new.gvk.GroupKind() != old.gvk.GroupKind() {
		return fmt.Errorf("the old object is a %s", old.gvk.Kind)
	}
	old.meta.SetResourceVersion("1")
	new.meta.SetResourceVersion("1")
	new.meta.SetUID(old.meta.GetUID())
	switch new := new.object.(type) {
	case *core.Service:
		release, err := o.services.update(ctx, new, old.object.(*core.Service))
		if err != nil {
			return err
		}
		defer release()
	case *batch.Job:
		keepSelector(new, old.object.(*batch.Job))
	}
	return rest.BeforeUpdate(new.strategy, ctx, new.object, old.object)
}

// keepSelector fills in what the server made up when the Job was created: whoever patches or applies does not touch it.
func keepSelector(new, old *batch.Job) {
	if new.Spec.Selector != nil || old.Spec.ManualSelector != nil && *old.Spec.ManualSelector {
		return
	}
	new.Spec.Selector = old.Spec.Selector.DeepCopy()
	labels := map[string]string{}
	made := []string{
		batch.ControllerUidLabel, batch.JobNameLabel, batch.LegacyControllerUidLabel, batch.LegacyJobNameLabel,
	}
	for _, label := range made {
		if value, found := old.Spec.Template.Labels[label]; found {
			labels[label] = value
		}
	}
	for label, value := range new.Spec.Template.Labels {
		labels[label] = value
	}
	new.Spec.Template.Labels = labels
}

// problems lists what the server would answer, one for each field where it names fields.
func problems(err error) []problem {
	found := []problem{}
	if err == nil {
		return found
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		if details := status.Status().Details; details != nil {
			for _, cause := range details.Causes {
				found = append(found, problem{string(cause.Type), cause.Field, cause.Message})
			}
		}
	}
	if len(found) == 0 {
		found = append(found, problem{Type: string(apierrors.ReasonForError(err)), Detail: err.Error()})
	}
	return found
}

// recorder keeps warnings.
type recorder struct{ warnings []string }

func (r *recorder) AddWarning(_, text string) { r.warnings = append(r.warnings, text) }

// discarded forgets them.
type discarded struct{}

func (*discarded) AddWarning(_, _ string) {}
