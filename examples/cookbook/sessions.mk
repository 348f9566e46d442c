# Makes a session once, and reports that are older than the session's last change.
#
#   make -f sessions.mk WORKSPACE=DIR SPEC=FILE session
#   make -f sessions.mk WORKSPACE=DIR report.tsv
#
# `session` is a link to the session; `make` starts another one only when the
# spec is newer.  The link comes after the session is idle: a start that failed
# is tried again by the next `make`.

SPEC = session.json

session: $(SPEC)
	cat $(SPEC) > $(WORKSPACE)/new
	id=`readlink $(WORKSPACE)/.last` && \
	timeout 600 cat $(WORKSPACE)/$$id/.wait/idle && \
	ln -sfn $(WORKSPACE)/$$id $@
	touch -h $@

report.tsv: $(WORKSPACE)/.sessions.tsv
	cut -f 2,4,5 $< > $@
