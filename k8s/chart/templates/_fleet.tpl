{{/* What mode fleet adds to a pod: the names of the targets, and the settings of the verbs `fleet`. */}}

{{- define "headstart.hasTargets" -}}
{{- if and (eq .Values.mode "fleet") .Values.fleet.targets -}}true{{- end -}}
{{- end -}}

{{- define "headstart.targets" -}}
{{- with .Values.fleet.targets -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ join "\n" . }}{{ end }}
{{ end -}}
{{- end -}}

{{- define "headstart.targetsVolume" -}}
{{- if include "headstart.hasTargets" . }}
- name: {{ include "headstart.containerName" . }}-targets
  configMap: {name: {{ include "headstart.fullname" . }}-targets}
{{- end }}
{{- end -}}

{{/* The settings as YAML. SHARDS only where there is an index; a check asks for all targets. */}}
{{- define "headstart.fleetSettings" -}}
{{- $fleet := .chart.Values.fleet -}}
{{- range $name, $value := omit $fleet "hook" "targets" "shards" "parallelism" "shardSeconds" "backoffLimitPerIndex" "maxFailedIndexes" "secret" "targetUrlKey" "targetsUrlKey" }}
{{- if not (kindIs "invalid" $value) }}
{{ dict $name $value | toYaml }}
{{- end }}
{{- end }}
{{- if $fleet.targets }}
targets: /etc/headstart/targets/targets
{{- end }}
{{- if eq .verb "fleet run" }}
shards: {{ int $fleet.shards }}
{{- if include "headstart.guards" .chart }}
lockSeconds: {{ include "headstart.canarySeconds" .chart }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Whether shards wait for the canaries of another. */}}
{{- define "headstart.guards" -}}
{{- with .Values.fleet -}}
{{- if and (gt (int .shards) 1) (or .first .canary) -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* How long: a pod that gives up says so (14) before its time is over. */}}
{{- define "headstart.canarySeconds" -}}
{{- .Values.settings.lockSeconds | default (min 300 (div .Values.fleet.shardSeconds 2)) -}}
{{- end -}}

{{- define "headstart.fleetSecrets" -}}
{{- range $variable, $key := dict "TARGET_URL" .Values.fleet.targetUrlKey "TARGETS_URL" .Values.fleet.targetsUrlKey }}
{{- if $key }}
- name: HEADSTART_{{ $variable }}
  valueFrom: {secretKeyRef: {name: {{ $.Values.fleet.secret }}, key: {{ $key | quote }}}}
{{- end }}
{{- end }}
{{- end -}}

{{/* Of these values; each message names the cure. */}}
{{- define "headstart.refuseFleetContradictions" -}}
{{- with .Values.fleet -}}
{{- if not (or .targets .targetsSql) -}}
{{- fail "mode fleet: fleet.targets or fleet.targetsSql has to name the targets" -}}
{{- end -}}
{{- if and .targets .targetsSql -}}
{{- fail "fleet.targets and fleet.targetsSql both name the targets: keep one" -}}
{{- end -}}
{{- $bytes := include "headstart.targets" $ | len -}}
{{- if gt $bytes 1000000 -}}
{{- fail (printf "fleet.targets: the names take %d bytes, and a ConfigMap holds 1 MiB: let fleet.targetsSql name them" $bytes) -}}
{{- end -}}
{{- $told := join " " (concat (list (default "" .targetUrl) (default "" .targetVersionTable)) (default list .targetX) (default list .targetEnv)) -}}
{{- if not (or .targetUrlKey (contains "{target}" $told)) -}}
{{- fail "fleet: nothing tells one target from another: write {target} in fleet.targetUrl, fleet.targetX, fleet.targetVersionTable or fleet.targetEnv" -}}
{{- end -}}
{{- range $name := list "targetUrl" "targetsUrl" -}}
{{- $value := index $.Values.fleet $name -}}
{{- $key := index $.Values.fleet (printf "%sKey" $name) -}}
{{- if and $value (not (hasPrefix "{target}" $value)) (not (include "headstart.isPostgresUrl" $value)) -}}
{{- fail (printf "fleet.%s is no URL of Postgres: expected postgresql://user@host:port/name" $name) -}}
{{- end -}}
{{- if include "headstart.holdsPassword" $value -}}
{{- fail (printf "fleet.%s holds a password: put it into the Secret that fleet.secret names, and its key into fleet.%sKey" $name $name) -}}
{{- end -}}
{{- if and $value $key -}}
{{- fail (printf "fleet.%s and fleet.%sKey are the same setting: keep one" $name $name) -}}
{{- end -}}
{{- if and $key (not $.Values.fleet.secret) -}}
{{- fail (printf "fleet.%sKey is a key of the Secret that fleet.secret names: name it" $name) -}}
{{- end -}}
{{- end -}}
{{- if and (or .targetsUrl .targetsUrlKey) (not .targetsSql) -}}
{{- fail "fleet.targetsUrl is the database in which fleet.targetsSql is run: set that, or remove it" -}}
{{- end -}}
{{- if gt (int .parallelism) (int .shards) -}}
{{- fail (printf "fleet.parallelism is %d, and fleet.shards %d: no more pods than shards can work at once" (int .parallelism) (int .shards)) -}}
{{- end -}}
{{- if gt (.maxFailedIndexes | default 0 | int) (int .shards) -}}
{{- fail (printf "fleet.maxFailedIndexes is %d, and fleet.shards %d: no more shards than that can fail" (int .maxFailedIndexes) (int .shards)) -}}
{{- end -}}
{{- if gt (ceil $.Values.settings.deadlineSeconds | int) (int .shardSeconds) -}}
{{- fail "settings.deadlineSeconds is the limit of one target, and longer than fleet.shardSeconds, that of a whole shard: shorten it, or give the shard more" -}}
{{- end -}}
{{- if include "headstart.guards" $ -}}
{{- if or .targetUrlKey (contains "{target}" (default "" .targetUrl)) (not (regexMatch "^[^.]*[{]target[}][^.]*[.]" (default "" .targetVersionTable))) -}}
{{- fail "fleet.first and fleet.canary: shards other than 0 wait for them only where each target is a schema of one database that keeps its own version table (fleet.targetVersionTable={target}.alembic_version); take fleet.shards=1, or run a release with these names alone before" -}}
{{- end -}}
{{- if ge (include "headstart.canarySeconds" $ | float64) (float64 .shardSeconds) -}}
{{- fail "settings.lockSeconds is how long a shard waits for the canaries: take less than fleet.shardSeconds, after which the pod is ended" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not (kindIs "invalid" .Values.job.backoffLimit) -}}
{{- fail "job.backoffLimit: mode fleet counts the retries of each shard: fleet.backoffLimitPerIndex" -}}
{{- end -}}
{{- if .Values.hook.phases -}}
{{- fail "hook.phases: mode fleet has one Job; hold the contract revisions back in one release (settings.hold=contract), and run them in the next one" -}}
{{- end -}}
{{- end -}}
