"""The command ``lazyscribe`` (extra ``cli``); it uses the library as anybody does.

`launcher` begins, `app` knows the commands, `console` is where all of them write. A module for each group of commands.
"""
