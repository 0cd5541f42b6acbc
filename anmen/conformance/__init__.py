"""The conformance kit: plays the service's side against any lock on a broker, one check for each normative sentence that binds a lock.

sentences.py     what docs/protocol/ says, sentence by sentence, and which of them bind a lock
registry.py      which check holds which sentence; what cannot be observed from outside, and why
line.py          the wire as checks see it, with its own clock: a broker (mqtt_line.py), or anything with virtual time
transcript.py    everything the lock said, opened and judged
counterpart.py   the service's side: usual manners, and every way to depart from them
stand.py         what a check holds in its hands: line, counterpart, door operator
operators.py     who stands at the door: the simulator, a program; prompting.py: a person
checks/          the checks, a page of the protocol a file
releases.py      images signed by the lock's maker (image_list.py: what has to be signed); updates.py, orders.py: offering and commanding
deafness.py      waits that several checks share; meanwhile.py: what is looked at in them
faults.py        which faults are injected where, and the seed; durations.py: how long is left
run.py           all checks in order; report.py, page.py, signing.py: what came out, signed
"""

KIT_VERSION = "1.1"
