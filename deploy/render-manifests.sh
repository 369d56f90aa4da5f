#!/usr/bin/env bash
# Checks the Helm chart, and generates kubernetes/ from it; with --check it reports whether that is up to date. Needs helm 3.
set -euo pipefail
cd "$(dirname "$0")"
rendered=$(mktemp -d)
trap 'rm -rf "$rendered"' EXIT
# Helm assumes an old Kubernetes version unless one is named.
render() { helm template objects-storage helm --kube-version 1.30 "$@"; }

helm lint --strict --quiet helm
# What is off by default is rendered too.
render --set autoscaling.enabled=true,networkPolicy.enabled=true,serviceMonitor.enabled=true,ingress.enabled=true \
  --set 'serviceAccount.create=true,secretFiles={JWT_SECRET,EVENTS_TOKEN}' >"$rendered/all"
for kind in HorizontalPodAutoscaler NetworkPolicy ServiceMonitor Ingress ServiceAccount; do
  grep -q "^kind: $kind$" "$rendered/all"
done
if render --set 'replicas=3' >/dev/null 2>&1; then echo 'A value that does not exist is accepted.'; exit 1; fi

for name in config-map deployment pod-disruption-budget service; do
  render --show-only "templates/$name.yaml" >"$rendered/$name.yaml"
  if [ "${1:-}" = --check ]; then diff -u "kubernetes/$name.yaml" "$rendered/$name.yaml"; else cp "$rendered/$name.yaml" kubernetes/; fi
done
