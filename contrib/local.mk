EXTRA_DIST += contrib/bench.sh contrib/check.sh contrib/completions/ccgate.bash contrib/debian13.sh contrib/examples/ccgate.yaml contrib/lib.sh contrib/lint.sh contrib/quickstart.sh 

lint:
	sh $(top_srcdir)/contrib/lint.sh
check-debian13:
	sh $(top_srcdir)/contrib/debian13.sh
