// Values in a binary form of our own, and calls over descriptor 3: a frame is a length (u32, big-endian) and so many
// bytes. Both ends know every type but those behind an interface, which go with their name.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
)

var proctorPeer = os.NewFile(3, "peer")

type proctorMalformed struct{}

// What may stand behind an interface.
var proctorKnown = func() map[string]reflect.Type {
	known := map[string]reflect.Type{}
	for _, value := range []interface{}{
		false, int(0), int8(0), int16(0), int32(0), int64(0), uint(0), uint8(0), uint16(0), uint32(0), uint64(0),
		float32(0), float64(0), "", complex64(0), complex128(0),
		[]int{}, []int32{}, []int64{}, []byte{}, []float64{}, []string{}, []bool{}, []interface{}{}, [][]int{},
		[]float32{}, [][]string{}, map[string]int{}, map[string]string{}, map[int]int{}, map[string]interface{}{},
		map[string]bool{}, map[string]float64{}, map[interface{}]interface{}{}, [2]int{}, [2]float64{}, [3]int{},
	} {
		kind := reflect.TypeOf(value)
		known[kind.String()] = kind
	}
	return known
}()

var proctorError = reflect.TypeOf((*error)(nil)).Elem()

func proctorPut(out []byte, value reflect.Value) []byte {
	switch value.Kind() {
	case reflect.Bool:
		if value.Bool() {
			return append(out, 1)
		}
		return append(out, 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return proctorU64(out, uint64(value.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return proctorU64(out, value.Uint())
	case reflect.Float32, reflect.Float64:
		return proctorU64(out, math.Float64bits(value.Float()))
	case reflect.Complex64, reflect.Complex128:
		out = proctorU64(out, math.Float64bits(real(value.Complex())))
		return proctorU64(out, math.Float64bits(imag(value.Complex())))
	case reflect.String:
		return append(proctorU64(out, uint64(value.Len())), value.String()...)
	case reflect.Array:
		for i := 0; i < value.Len(); i++ {
			out = proctorPut(out, value.Index(i))
		}
		return out
	case reflect.Slice:
		if value.IsNil() {
			return append(out, 0)
		}
		out = proctorU64(append(out, 1), uint64(value.Len()))
		for i := 0; i < value.Len(); i++ {
			out = proctorPut(out, value.Index(i))
		}
		return out
	case reflect.Map:
		if value.IsNil() {
			return append(out, 0)
		}
		out = proctorU64(append(out, 1), uint64(value.Len()))
		for _, key := range value.MapKeys() {
			out = proctorPut(proctorPut(out, key), value.MapIndex(key))
		}
		return out
	case reflect.Ptr:
		if value.IsNil() {
			return append(out, 0)
		}
		return proctorPut(append(out, 1), value.Elem())
	case reflect.Struct:
		return out // struct{}: the only one that crosses
	case reflect.Interface:
		return proctorPutInterface(out, value)
	}
	panic(fmt.Sprintf("a value of type %s cannot leave the code's process", value.Type()))
}

func proctorPutInterface(out []byte, value reflect.Value) []byte {
	if value.IsNil() {
		return append(out, 0)
	}
	if value.Type() == proctorError {
		return proctorPut(append(out, 1), reflect.ValueOf(value.Interface().(error).Error()))
	}
	inner := value.Elem()
	if proctorKnown[inner.Type().String()] != inner.Type() {
		panic(fmt.Sprintf("a value of type %s cannot leave the code's process", inner.Type()))
	}
	return proctorPut(proctorPut(append(out, 1), reflect.ValueOf(inner.Type().String())), inner)
}

func proctorU64(out []byte, value uint64) []byte {
	var word [8]byte
	binary.BigEndian.PutUint64(word[:], value)
	return append(out, word[:]...)
}

type proctorReader struct{ data []byte }

func (in *proctorReader) take(count uint64) []byte {
	if uint64(len(in.data)) < count {
		panic(proctorMalformed{})
	}
	taken := in.data[:count]
	in.data = in.data[count:]
	return taken
}

func (in *proctorReader) u64() uint64 { return binary.BigEndian.Uint64(in.take(8)) }
func (in *proctorReader) flag() bool  { return in.take(1)[0] != 0 }

// A count of things that take at least `least` bytes each, so that none is made for bytes that are not there.
func (in *proctorReader) count(least int) int {
	count := in.u64()
	if least > 0 && count > uint64(len(in.data)/least) || count > 1<<31 {
		panic(proctorMalformed{})
	}
	return int(count)
}

func (in *proctorReader) get(value reflect.Value) {
	switch value.Kind() {
	case reflect.Bool:
		value.SetBool(in.flag())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		value.SetInt(int64(in.u64()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		value.SetUint(in.u64())
	case reflect.Float32, reflect.Float64:
		value.SetFloat(math.Float64frombits(in.u64()))
	case reflect.Complex64, reflect.Complex128:
		first := math.Float64frombits(in.u64())
		value.SetComplex(complex(first, math.Float64frombits(in.u64())))
	case reflect.String:
		value.SetString(string(in.take(in.u64())))
	case reflect.Array:
		for i := 0; i < value.Len(); i++ {
			in.get(value.Index(i))
		}
	case reflect.Slice:
		if !in.flag() {
			value.Set(reflect.Zero(value.Type()))
			return
		}
		made := reflect.MakeSlice(value.Type(), 0, 0)
		for left := in.count(1); left > 0; left-- {
			element := reflect.New(value.Type().Elem()).Elem()
			in.get(element)
			made = reflect.Append(made, element)
		}
		value.Set(made)
	case reflect.Map:
		if !in.flag() {
			value.Set(reflect.Zero(value.Type()))
			return
		}
		value.Set(reflect.MakeMap(value.Type()))
		for left := in.count(1); left > 0; left-- {
			key := reflect.New(value.Type().Key()).Elem()
			element := reflect.New(value.Type().Elem()).Elem()
			in.get(key)
			in.get(element)
			value.SetMapIndex(key, element)
		}
	case reflect.Ptr:
		if !in.flag() {
			value.Set(reflect.Zero(value.Type()))
			return
		}
		value.Set(reflect.New(value.Type().Elem()))
		in.get(value.Elem())
	case reflect.Struct:
	case reflect.Interface:
		in.getInterface(value)
	default:
		panic(proctorMalformed{})
	}
}

func (in *proctorReader) getInterface(value reflect.Value) {
	if !in.flag() {
		value.Set(reflect.Zero(value.Type()))
		return
	}
	text := string(in.take(in.u64()))
	if value.Type() == proctorError {
		value.Set(reflect.ValueOf(errors.New(text)))
		return
	}
	kind, known := proctorKnown[text]
	if !known {
		panic(proctorMalformed{})
	}
	inner := reflect.New(kind).Elem()
	in.get(inner)
	value.Set(inner)
}

func proctorSend(body []byte) bool {
	frame := make([]byte, 4, 4+len(body))
	binary.BigEndian.PutUint32(frame, uint32(len(body)))
	_, err := proctorPeer.Write(append(frame, body...))
	return err == nil
}

func proctorReceive() ([]byte, bool) {
	var head [4]byte
	if _, err := io.ReadFull(proctorPeer, head[:]); err != nil {
		return nil, false
	}
	// As it comes: who only says that much is coming makes nobody reserve it.
	body, err := io.ReadAll(io.LimitReader(proctorPeer, int64(binary.BigEndian.Uint32(head[:]))))
	return body, err == nil && uint32(len(body)) == binary.BigEndian.Uint32(head[:])
}

// What a callee may change in place and the caller then sees.
func proctorShared(value reflect.Value) bool {
	kind := value.Kind()
	return kind == reflect.Slice || kind == reflect.Map || kind == reflect.Ptr
}
