# homelab.media: `make help` lists the targets.

INVENTORY ?= inventory/lab
ARGS ?=
PYTEST_ARGS ?=

PY := .venv/bin/python
PLAYBOOK := .venv/bin/ansible-playbook
JUNIT := .cache/junit
EXAMPLES := $(patsubst %/hosts.yml,%,$(wildcard inventory/example/*/hosts.yml))
PYTEST = $(PY) -m pytest -q --junitxml=$(JUNIT)/$@.xml $(PYTEST_ARGS)

# Named, since Ansible ignores an ansible.cfg in a directory that everybody may write to.
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export PYTHONDONTWRITEBYTECODE := 1

# The lab is started only for its own inventory.
ifeq ($(INVENTORY),inventory/lab)
LAB := lab-up
else
LAB :=
export HOMELAB_NO_LAB := 1
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-test site check verify test lint sanity unit contract integration artifact unit-2.17 lab-test soak molecule bench \
	lab-up lab-down lab-reset lab-status build clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9.-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'Variables: INVENTORY (inventory/lab), ARGS (for ansible-playbook), PYTEST_ARGS.'

setup:
	@tools/setup.sh site

setup-test:
	@tools/setup.sh test

site: setup $(LAB) ## Bring everything up and wire it: the lab, or INVENTORY=... ARGS="--limit ..."
	$(PLAYBOOK) -i $(INVENTORY) playbooks/site.yml $(ARGS)

check: setup $(LAB) ## Show what `make site` would change
	$(PLAYBOOK) -i $(INVENTORY) playbooks/site.yml --check --diff $(ARGS)

verify: setup $(LAB) ## Prove that what is deployed works: tunnel, ports, links, hardlinks, names; changes nothing
	$(PLAYBOOK) -i $(INVENTORY) playbooks/verify.yml $(ARGS)

# What needs the lab mostly waits for it, so everything else runs beside it, from the time on when its images are built. All steps run, also after one that
# failed.
test: setup ## Everything below down to molecule
	@tools/beside.sh "setup-test lint sanity unit contract integration artifact unit-2.17" "lab-up lab-test molecule"

lint: setup-test ## ruff, yamllint, ansible-lint, antsibull-docs, antsibull-changelog
	$(PY) -m ruff check .
	$(PY) -m yamllint --strict .
	PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/ansible-lint --offline --profile production
	PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all .
	PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/antsibull-changelog lint

sanity: setup-test ## ansible-test sanity, without exceptions
	tools/sanity.sh

unit: setup-test ## Unit tests
	$(PYTEST) -n 2 tests/unit

contract: setup-test ## Stand-ins against the contract tables and independent clients
	$(PYTEST) -n 2 tests/contract

integration: setup-test ## Modules against stand-ins
	$(PYTEST) -n 2 tests/integration

artifact: setup-test ## Build the collection, install it elsewhere, and run from there
	tools/artifact.sh $(EXAMPLES)

unit-2.17: setup-test ## Unit tests on the oldest ansible-core
	@tools/venv-2.17.sh
	.cache/venv-2.17/bin/python -m pytest -q -n 2 --junitxml=$(JUNIT)/$@.xml $(PYTEST_ARGS) tests/unit

lab-test: setup-test ## The playbook on the lab, seen from outside (resets the lab's hosts)
	$(PYTEST) -m "not soak" tests/lab

soak: export HOMELAB_LAB_ROUNDS := 10
soak: setup-test ## The long rest on the lab: ten killed and ten random first runs, adoption, rotations, every cut and broken link
	$(PYTEST) -m "soak or killed" tests/lab

molecule: setup-test ## Scenarios on the lab's hosts: a plain host, the whole site, adoption
	rm -rf .cache/molecule
	for scenario in docker site adopt; do MOLECULE_EPHEMERAL_DIRECTORY=$(CURDIR)/.cache/molecule/$$scenario \
	  PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/molecule test -s $$scenario || exit 1; done
	python3 lab/lab.py clean

bench: setup lab-up ## What a run costs that changes nothing, beside `ping`
	$(PY) tools/bench.py $(ARGS)

lab-up: setup ## Start the lab: a registry and two hosts
	python3 lab/lab.py up

lab-down: ## Remove the lab: containers, images, networks, a dockerd that it started
	python3 lab/lab.py down

lab-reset: ## Throw the lab's hosts away; images stay
	python3 lab/lab.py reset

lab-status: ## What of the lab is there
	python3 lab/lab.py status

build: setup ## Build the collection's artifact into dist/
	.venv/bin/ansible-galaxy collection build --force --output-path dist

clean: ## Remove what was built here; the lab stays
	rm -rf .cache .ansible .pytest_cache .ruff_cache .hypothesis dist tests/output .venv .collections
