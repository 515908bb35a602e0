module fanfold.dev/facts

go 1.24
