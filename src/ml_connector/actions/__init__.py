"""What an operator may do, a file for each thing; the doors (command line, web) call these and nothing else."""
