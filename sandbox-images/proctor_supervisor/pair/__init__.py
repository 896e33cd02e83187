"""Test code and candidate in two processes: what crosses between them, and nothing else.

candidate.py   the candidate's end: runs the code, answers requests; nothing it says is believed beyond values
references.py  how that end writes what is no plain data; lent.py: what it makes of what the tests lend
tests.py       the tests' end: drives the tests and reports each case to the supervisor
link.py        one conversation over a stream socket, seen from the tests; lending.py: what they lend, and for how long
awaiting.py    coroutines of one end awaited at the other
remote.py      the candidate's objects as the tests see them (remote_classes.py: classes, remote_errors.py: exceptions)
codec.py       values as bytes: strict, typed, bounded; no pickle (encode.py, decode.py; standard.py for rare values,
               arrays.py for numpy, tables.py for pandas)
kinds.py       built-in classes that others extend, and what an instance holds
shared.py      mutable containers that both ends hold, kept alike
names.py       which names a test leaves unresolved, and whether it needs the candidate's own process
compare.py     equality of values, decided by us
function.py script.py pytest_items.py   one driver per kind of test
"""
