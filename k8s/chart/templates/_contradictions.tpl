{{/* Values that are each valid and together make no sense; each message names the cure. */}}
{{- define "headstart.refuseContradictions" -}}
{{- $mode := .Values.mode -}}
{{- if eq $mode "fleet" -}}
{{- include "headstart.refuseFleetContradictions" . -}}
{{- else if or .Values.fleet.targets .Values.fleet.targetsSql -}}
{{- fail (printf "fleet.targets and fleet.targetsSql: mode %s migrates one database; take mode fleet" $mode) -}}
{{- end -}}
{{- $inEachTarget := and (eq $mode "fleet") (or .Values.fleet.targetUrl .Values.fleet.targetUrlKey) -}}
{{- with .Values.database -}}
{{- if not (or .url .urlKey $.Values.env $.Values.envFrom $inEachTarget) -}}
{{- fail "database.url, database.urlKey or PGHOST in env: one has to say where the database is" -}}
{{- end -}}
{{- if and .url .urlKey -}}
{{- fail "database.url and database.urlKey both name the database: keep one" -}}
{{- end -}}
{{- if and .url (not (include "headstart.isPostgresUrl" .url)) -}}
{{- fail "database.url is no URL of Postgres: expected postgresql://user@host:port/name" -}}
{{- end -}}
{{- if include "headstart.holdsPassword" .url -}}
{{- fail "database.url holds a password: put it into the Secret that database.secret names" -}}
{{- end -}}
{{- if and .urlKey (not (or .secret .secretData)) -}}
{{- fail "database.urlKey is a key of the Secret that database.secret names: name it" -}}
{{- end -}}
{{- $key := default .passwordKey .urlKey -}}
{{- if and .secretData (not (hasKey .secretData $key)) -}}
{{- fail (printf "database.secretData has no key %s, which the pods mount" $key) -}}
{{- end -}}
{{- if and .secret .secretData -}}
{{- fail "database.secret exists and database.secretData makes one: keep one" -}}
{{- end -}}
{{- if and .secretData (include "headstart.isHook" $) -}}
{{- fail "database.secretData: a hook runs before the release's own objects are made; create the Secret outside of the release and name it in database.secret, or take mode job" -}}
{{- end -}}
{{- end -}}
{{- include "headstart.refuseDriftCheck" . -}}
{{- range .Values.env -}}
{{- if and .value (or (eq .name "PGPASSWORD") (include "headstart.holdsPassword" .value)) -}}
{{- fail (printf "env: %s holds a password: give it by valueFrom.secretKeyRef" .name) -}}
{{- end -}}
{{- if hasPrefix "HEADSTART_" .name -}}
{{- fail (printf "env: %s belongs into settings, as %s" .name (trimPrefix "HEADSTART_" .name | lower | camelcase | untitle)) -}}
{{- end -}}
{{- end -}}
{{- if include "headstart.isHook" . -}}
{{- $needed := include "headstart.neededSeconds" . | int -}}
{{- if gt $needed (int .Values.hook.timeoutSeconds) -}}
{{- $which := ternary "fleet.shardSeconds, fleet.shards and fleet.parallelism" "settings.deadlineSeconds and job.backoffLimit" (eq $mode "fleet") -}}
{{- fail (printf "%s make a hook of up to %d s, but Helm gives up after hook.timeoutSeconds, %d s: say `helm --timeout %ds` and hook.timeoutSeconds=%d, or shorten them" $which $needed (int .Values.hook.timeoutSeconds) $needed $needed) -}}
{{- end -}}
{{- end -}}
{{- if .Values.hook.phases -}}
{{- if ne $mode "hook" -}}
{{- fail (printf "hook.phases: mode %s has no Job that runs after the rollout; take mode hook, or hold the contract revisions back in one release (settings.hold=contract), and run them in the next one" $mode) -}}
{{- end -}}
{{- if .Values.settings.hold -}}
{{- fail "hook.phases says itself which containers hold the contract revisions back: remove settings.hold" -}}
{{- end -}}
{{- if hasKey .Values.job.annotations "argocd.argoproj.io/hook" -}}
{{- fail "hook.phases: argocd.argoproj.io/hook in job.annotations would make both Jobs run at the same moment; remove it, Argo CD runs Helm's hooks as PreSync and PostSync" -}}
{{- end -}}
{{- end -}}
{{- if eq $mode "init" -}}
{{- if or .Values.networkPolicy.enabled .Values.podDisruptionBudget.enabled -}}
{{- fail "mode init makes no pods of its own: networkPolicy and podDisruptionBudget belong into the chart of your app" -}}
{{- end -}}
{{- if .Values.sidecars -}}
{{- fail "mode init makes no pods of its own: put the sidecars before headstart.initContainer in the chart of your app" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Quotes around a URL are only warned of, by headstart itself. */}}
{{- define "headstart.isPostgresUrl" -}}
{{- if regexMatch "(?i)^\\W*postgres(ql)?([+]\\w+)?://" . -}}true{{- end -}}
{{- end -}}

{{/* Whether a URL holds a password, also one of a client's key (sslpassword), or under an encoded name. */}}
{{- define "headstart.holdsPassword" -}}
{{- if regexMatch "://[^/@]*:[^@]*@|://.*[?&][^=&#]*(password|%)[^=&#]*=" (toString .) -}}true{{- end -}}
{{- end -}}
