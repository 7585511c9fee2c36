"""A second device, by another hand than the reference device's, in the fewest lines.

It can be told to break each rule of the kit: each word in `faults` is the name of one. *revision* 1 has neither
segments nor checksums. It keeps everything in one file, which is rewritten and renamed at each commit.
"""
