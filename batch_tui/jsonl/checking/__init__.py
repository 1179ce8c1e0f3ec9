"""Check an input file: every rule in one pass, every defect by line, column, cause and cure."""
