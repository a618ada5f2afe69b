"""Tasks, scorers, the runner and its reports: does any of it help?"""
