dist_man_MANS += docs/ccgate.1 docs/ccgate.yaml.5 
