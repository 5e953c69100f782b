# The same in stages: what was paid for is on disk before anybody waits for it. Ctrl-C, make again: it goes on.
#   make -j8 -f staged.mk
# The question is sent in the background (-b) and its record saved at once; a second stage waits for the answer, a
# third one cleans up. A stage that failed keeps its records beside its target, as FILE.failed, and goes on from there.
# A response that failed is asked for anew once its record is gone: oa-delete <X.asked.jsonl && rm X.asked.jsonl
.PHONY: all
# With one expansion a name would be read as a line of this file, where `;` begins a command.
.SECONDEXPANSION:
all: $$(subst |,\|,$$(patsubst %.pdf,%.summary.txt,$$(wildcard *.pdf)))
# Make would delete these: when it is interrupted, and when it is done.
.PRECIOUS: %.asked.jsonl %.answered.jsonl

# quote NAME: as one word of the shell, whatever stands in it, and no option.
quote = '$(subst ','\'',$(patsubst -%,./-%,$1))'

# What failed is tried again with what it has: its file is not uploaded twice, its answer not bought twice. Where
# nobody knows whether it was bought, it is not asked again; the record's error says how to look.
may_be_bought = if (.error.kind | IN("unknown_outcome", "interrupted")) and (.error.retryable | not) then . else del(.error) end
again = if jq -e .paths <$(call quote,$@.failed) >/dev/null 2>&1; then jq -c '$(may_be_bought)' <$(call quote,$@.failed); \
	else jq -nc --arg path $(call quote,$<) '{paths: $$path}'; fi

%.asked.jsonl: %.pdf
	$(again) | oa-upload | oa-respond -b --only-missing -p 'Summarise in five sentences.' -o $(call quote,$@)

%.answered.jsonl: %.asked.jsonl
	oa-poll -o $(call quote,$@) <$(call quote,$<)

%.summary.txt: %.answered.jsonl
	oa-delete -t -o $(call quote,$@) <$(call quote,$<)
