def random_scenarios(seed, n): return ()
