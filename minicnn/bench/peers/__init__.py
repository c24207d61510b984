"""Other libraries as the benchmark meets them; imported only when `--against` names one."""
