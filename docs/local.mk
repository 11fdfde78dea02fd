dist_man_MANS += docs/ccgate.1 docs/ccgate-ca.1 docs/ccgate.yaml.5 docs/ccgate-pac.8 docs/ccgate-system.8 
EXTRA_DIST += docs/ARCHITECTURE.md docs/BENCHMARKS.md docs/THREAT-MODEL.md 
