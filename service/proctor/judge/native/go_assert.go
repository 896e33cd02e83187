// As much of testify's assert as tests of data sets use; its failures go on, as testify's do.
package assert

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
)

// TestingT is what a test is to us.
type TestingT interface {
	Errorf(format string, args ...interface{})
}

// Assertions holds a test, so that it need not be named each time.
type Assertions struct{ t TestingT }

// New makes Assertions.
func New(t TestingT) *Assertions { return &Assertions{t} }

// ObjectsAreEqual is testify's notion of equality.
func ObjectsAreEqual(expected, actual interface{}) bool {
	if expected == nil || actual == nil {
		return expected == actual
	}
	one, ok := expected.([]byte)
	if !ok {
		return reflect.DeepEqual(expected, actual)
	}
	other, ok := actual.([]byte)
	if !ok {
		return false
	}
	if one == nil || other == nil {
		return one == nil && other == nil
	}
	return bytes.Equal(one, other)
}

func report(t TestingT, fine bool, what string, more []interface{}) bool {
	if !fine {
		if len(more) > 0 {
			what += ": " + fmt.Sprint(more...)
		}
		t.Errorf("%s", what)
	}
	return fine
}

func isNil(value interface{}) bool {
	if value == nil {
		return true
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Ptr, reflect.Slice, reflect.UnsafePointer:
		return v.IsNil()
	}
	return false
}

func isEmpty(value interface{}) bool {
	if value == nil {
		return true
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Chan, reflect.Map, reflect.Slice, reflect.Array, reflect.String:
		return v.Len() == 0
	case reflect.Ptr:
		return v.IsNil() || isEmpty(v.Elem().Interface())
	default:
		return v.IsZero()
	}
}

func equalValues(expected, actual interface{}) bool {
	if ObjectsAreEqual(expected, actual) {
		return true
	}
	if expected == nil || actual == nil {
		return false
	}
	one, other := reflect.ValueOf(expected), reflect.ValueOf(actual)
	if one.Type().ConvertibleTo(other.Type()) {
		return reflect.DeepEqual(one.Convert(other.Type()).Interface(), actual)
	}
	return false
}

func number(value interface{}) (float64, bool) {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return float64(v.Int()), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return float64(v.Uint()), true
	case reflect.Float32, reflect.Float64:
		return v.Float(), true
	}
	return 0, false
}

func contains(list, element interface{}) bool {
	if text, ok := list.(string); ok {
		part, ok := element.(string)
		return ok && strings.Contains(text, part)
	}
	v := reflect.ValueOf(list)
	switch v.Kind() {
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if ObjectsAreEqual(key.Interface(), element) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		for i := 0; i < v.Len(); i++ {
			if ObjectsAreEqual(v.Index(i).Interface(), element) {
				return true
			}
		}
	}
	return false
}

func sameElements(a, b interface{}) bool {
	if isEmpty(a) && isEmpty(b) {
		return true
	}
	one, other := reflect.ValueOf(a), reflect.ValueOf(b)
	if one.Len() != other.Len() {
		return false
	}
	used := make([]bool, other.Len())
next:
	for i := 0; i < one.Len(); i++ {
		for j := 0; j < other.Len(); j++ {
			if !used[j] && ObjectsAreEqual(one.Index(i).Interface(), other.Index(j).Interface()) {
				used[j] = true
				continue next
			}
		}
		return false
	}
	return true
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil || did }()
	f()
	return false
}

func compared(t TestingT, a, b interface{}, fine func(int) bool, what string, more []interface{}) bool {
	sign, known := 0, false
	if one, ok := a.(string); ok {
		if other, ok := b.(string); ok {
			sign, known = strings.Compare(one, other), true
		}
	} else if one, ok := number(a); ok {
		if other, ok := number(b); ok {
			known = true
			if one < other {
				sign = -1
			} else if one > other {
				sign = 1
			}
		}
	}
	return report(t, known && fine(sign), fmt.Sprintf("%v %s %v does not hold", a, what, b), more)
}

func Fail(t TestingT, what string, more ...interface{}) bool { return report(t, false, what, more) }
func Equal(t TestingT, expected, actual interface{}, more ...interface{}) bool {
	return report(t, ObjectsAreEqual(expected, actual), fmt.Sprintf("expected %#v, got %#v", expected, actual), more)
}
func NotEqual(t TestingT, expected, actual interface{}, more ...interface{}) bool {
	return report(t, !ObjectsAreEqual(expected, actual), fmt.Sprintf("should not be %#v", actual), more)
}
func EqualValues(t TestingT, expected, actual interface{}, more ...interface{}) bool {
	return report(t, equalValues(expected, actual), fmt.Sprintf("expected %#v, got %#v", expected, actual), more)
}
func Exactly(t TestingT, expected, actual interface{}, more ...interface{}) bool {
	return Equal(t, expected, actual, more...)
}
func True(t TestingT, value bool, more ...interface{}) bool { return report(t, value, "should be true", more) }
func False(t TestingT, value bool, more ...interface{}) bool {
	return report(t, !value, "should be false", more)
}
func Nil(t TestingT, value interface{}, more ...interface{}) bool {
	return report(t, isNil(value), fmt.Sprintf("expected nil, got %#v", value), more)
}
func NotNil(t TestingT, value interface{}, more ...interface{}) bool {
	return report(t, !isNil(value), "should not be nil", more)
}
func Empty(t TestingT, value interface{}, more ...interface{}) bool {
	return report(t, isEmpty(value), fmt.Sprintf("should be empty, got %#v", value), more)
}
func NotEmpty(t TestingT, value interface{}, more ...interface{}) bool {
	return report(t, !isEmpty(value), "should not be empty", more)
}
func Zero(t TestingT, value interface{}, more ...interface{}) bool {
	return report(t, value == nil || reflect.ValueOf(value).IsZero(), fmt.Sprintf("should be zero, got %#v", value), more)
}
func Len(t TestingT, value interface{}, length int, more ...interface{}) bool {
	return report(t, reflect.ValueOf(value).Len() == length, fmt.Sprintf("should have %d items", length), more)
}
func Contains(t TestingT, list, element interface{}, more ...interface{}) bool {
	return report(t, contains(list, element), fmt.Sprintf("%#v does not contain %#v", list, element), more)
}
func NotContains(t TestingT, list, element interface{}, more ...interface{}) bool {
	return report(t, !contains(list, element), fmt.Sprintf("%#v contains %#v", list, element), more)
}
func ElementsMatch(t TestingT, a, b interface{}, more ...interface{}) bool {
	return report(t, sameElements(a, b), fmt.Sprintf("elements differ: %#v and %#v", a, b), more)
}
func InDelta(t TestingT, expected, actual interface{}, delta float64, more ...interface{}) bool {
	one, fine := number(expected)
	other, also := number(actual)
	near := fine && also && (math.Abs(one-other) <= delta || math.IsNaN(one) && math.IsNaN(other))
	return report(t, near, fmt.Sprintf("%v and %v differ by more than %v", expected, actual, delta), more)
}
func InEpsilon(t TestingT, expected, actual interface{}, epsilon float64, more ...interface{}) bool {
	one, fine := number(expected)
	other, also := number(actual)
	near := fine && also && one != 0 && math.Abs(one-other)/math.Abs(one) <= epsilon
	return report(t, near, fmt.Sprintf("%v and %v differ relatively by more than %v", expected, actual, epsilon), more)
}
func Error(t TestingT, err error, more ...interface{}) bool {
	return report(t, err != nil, "an error is expected", more)
}
func NoError(t TestingT, err error, more ...interface{}) bool {
	return report(t, err == nil, fmt.Sprintf("unexpected error: %v", err), more)
}
func EqualError(t TestingT, err error, text string, more ...interface{}) bool {
	return report(t, err != nil && err.Error() == text, fmt.Sprintf("error %q expected, got %v", text, err), more)
}
func ErrorIs(t TestingT, err, target error, more ...interface{}) bool {
	return report(t, errors.Is(err, target), fmt.Sprintf("error %v expected, got %v", target, err), more)
}
func Panics(t TestingT, f func(), more ...interface{}) bool {
	return report(t, panics(f), "a panic is expected", more)
}
func NotPanics(t TestingT, f func(), more ...interface{}) bool {
	return report(t, !panics(f), "no panic is expected", more)
}
func Greater(t TestingT, a, b interface{}, more ...interface{}) bool {
	return compared(t, a, b, func(s int) bool { return s > 0 }, ">", more)
}
func GreaterOrEqual(t TestingT, a, b interface{}, more ...interface{}) bool {
	return compared(t, a, b, func(s int) bool { return s >= 0 }, ">=", more)
}
func Less(t TestingT, a, b interface{}, more ...interface{}) bool {
	return compared(t, a, b, func(s int) bool { return s < 0 }, "<", more)
}
func LessOrEqual(t TestingT, a, b interface{}, more ...interface{}) bool {
	return compared(t, a, b, func(s int) bool { return s <= 0 }, "<=", more)
}

func (own *Assertions) Fail(what string, more ...interface{}) bool { return Fail(own.t, what, more...) }
func (own *Assertions) Equal(expected, actual interface{}, more ...interface{}) bool { return Equal(own.t, expected, actual, more...) }
func (own *Assertions) NotEqual(expected, actual interface{}, more ...interface{}) bool { return NotEqual(own.t, expected, actual, more...) }
func (own *Assertions) EqualValues(expected, actual interface{}, more ...interface{}) bool { return EqualValues(own.t, expected, actual, more...) }
func (own *Assertions) Exactly(expected, actual interface{}, more ...interface{}) bool { return Exactly(own.t, expected, actual, more...) }
func (own *Assertions) True(value bool, more ...interface{}) bool { return True(own.t, value, more...) }
func (own *Assertions) False(value bool, more ...interface{}) bool { return False(own.t, value, more...) }
func (own *Assertions) Nil(value interface{}, more ...interface{}) bool { return Nil(own.t, value, more...) }
func (own *Assertions) NotNil(value interface{}, more ...interface{}) bool { return NotNil(own.t, value, more...) }
func (own *Assertions) Empty(value interface{}, more ...interface{}) bool { return Empty(own.t, value, more...) }
func (own *Assertions) NotEmpty(value interface{}, more ...interface{}) bool { return NotEmpty(own.t, value, more...) }
func (own *Assertions) Zero(value interface{}, more ...interface{}) bool { return Zero(own.t, value, more...) }
func (own *Assertions) Len(value interface{}, length int, more ...interface{}) bool { return Len(own.t, value, length, more...) }
func (own *Assertions) Contains(list, element interface{}, more ...interface{}) bool { return Contains(own.t, list, element, more...) }
func (own *Assertions) NotContains(list, element interface{}, more ...interface{}) bool { return NotContains(own.t, list, element, more...) }
func (own *Assertions) ElementsMatch(a, b interface{}, more ...interface{}) bool { return ElementsMatch(own.t, a, b, more...) }
func (own *Assertions) InDelta(expected, actual interface{}, delta float64, more ...interface{}) bool { return InDelta(own.t, expected, actual, delta, more...) }
func (own *Assertions) InEpsilon(expected, actual interface{}, epsilon float64, more ...interface{}) bool { return InEpsilon(own.t, expected, actual, epsilon, more...) }
func (own *Assertions) Error(err error, more ...interface{}) bool { return Error(own.t, err, more...) }
func (own *Assertions) NoError(err error, more ...interface{}) bool { return NoError(own.t, err, more...) }
func (own *Assertions) EqualError(err error, text string, more ...interface{}) bool { return EqualError(own.t, err, text, more...) }
func (own *Assertions) ErrorIs(err, target error, more ...interface{}) bool { return ErrorIs(own.t, err, target, more...) }
func (own *Assertions) Panics(f func(), more ...interface{}) bool { return Panics(own.t, f, more...) }
func (own *Assertions) NotPanics(f func(), more ...interface{}) bool { return NotPanics(own.t, f, more...) }
func (own *Assertions) Greater(a, b interface{}, more ...interface{}) bool { return Greater(own.t, a, b, more...) }
func (own *Assertions) GreaterOrEqual(a, b interface{}, more ...interface{}) bool { return GreaterOrEqual(own.t, a, b, more...) }
func (own *Assertions) Less(a, b interface{}, more ...interface{}) bool { return Less(own.t, a, b, more...) }
func (own *Assertions) LessOrEqual(a, b interface{}, more ...interface{}) bool { return LessOrEqual(own.t, a, b, more...) }
