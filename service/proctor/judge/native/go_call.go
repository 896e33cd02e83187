// The tests' side: a call is sent, and its result waited for. Ends the process where that cannot be.
package main

import (
	"fmt"
	"os"
	"reflect"
	"testing"
)

var proctorRaised = false // whether the last call panicked

func proctorEnd(status int, why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(status)
}

// arguments, results: pointers to them.
func proctorCall(which int, arguments []interface{}, results []interface{}) {
	body := proctorU64(nil, uint64(which))
	for _, argument := range arguments {
		body = proctorPut(body, reflect.ValueOf(argument).Elem())
	}
	proctorRaised = false
	sent := proctorSend(body)
	answer, ok := proctorReceive()
	if !sent || !ok {
		proctorEnd(103, "the code's process is gone")
	}
	if len(answer) > 0 && answer[0] == 'E' {
		proctorRaised = true
		panic(string(answer[1:]))
	}
	if len(answer) == 0 || answer[0] != 'R' || !proctorTake(&proctorReader{answer[1:]}, arguments, results) {
		proctorEnd(104, "the code answered what is no result of the declared type")
	}
}

func proctorTake(in *proctorReader, arguments []interface{}, results []interface{}) (fine bool) {
	defer func() {
		if recover() != nil {
			fine = false
		}
	}()
	for _, result := range results {
		in.get(reflect.ValueOf(result).Elem())
	}
	for _, argument := range arguments {
		value := reflect.ValueOf(argument).Elem()
		if !proctorShared(value) {
			continue
		}
		changed := reflect.New(value.Type()).Elem()
		in.get(changed)
		proctorReplace(value, changed)
	}
	return len(in.data) == 0
}

func proctorReplace(value, changed reflect.Value) {
	if value.IsNil() || changed.IsNil() {
		return
	}
	switch value.Kind() {
	case reflect.Slice:
		reflect.Copy(value, changed)
	case reflect.Map:
		for _, key := range value.MapKeys() {
			value.SetMapIndex(key, reflect.Value{})
		}
		for _, key := range changed.MapKeys() {
			value.SetMapIndex(key, changed.MapIndex(key))
		}
	case reflect.Ptr:
		value.Elem().Set(changed.Elem())
	}
}

// A test whose panic is told apart: out of the code, or of the tests themselves.
func proctorGuard(test func()) {
	defer func() {
		if problem := recover(); problem != nil {
			if proctorRaised {
				proctorEnd(102, fmt.Sprint("the code panicked: ", problem))
			}
			proctorEnd(101, fmt.Sprint("the tests panicked: ", problem))
		}
	}()
	test()
}

func proctorRun(tests []testing.InternalTest) {
	for i, test := range tests {
		inner := test.F
		tests[i].F = func(t *testing.T) { proctorGuard(func() { inner(t) }) }
	}
	os.Args = os.Args[:1]
	testing.Main(func(string, string) (bool, error) { return true, nil }, tests, nil, nil)
}
