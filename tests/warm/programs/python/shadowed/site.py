raise SystemExit("taken at the start")
