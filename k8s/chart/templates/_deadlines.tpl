{{/* Who ends a run: headstart itself, with a verdict; else the kubelet; else the Job controller, which
     deletes the pods and their logs. Each comes later than the one before, in seconds. */}}

{{- define "headstart.backoffLimit" -}}
{{- $given := .Values.job.backoffLimit -}}
{{- if kindIs "invalid" $given -}}
{{- ternary 0 3 (eq .Values.mode "hook") -}}
{{- else -}}
{{- int $given -}}
{{- end -}}
{{- end -}}

{{/* 15 s for pulling the image and for the start. A pod of a fleet has many runs to do. */}}
{{- define "headstart.podDeadline" -}}
{{- $seconds := ternary .Values.fleet.shardSeconds .Values.settings.deadlineSeconds (eq .Values.mode "fleet") -}}
{{- add (ceil $seconds | int) 15 -}}
{{- end -}}

{{/* All attempts, and the pauses between them: 10 s, doubled each time, at most 600.
     Source: Kubernetes, MaxJobPodFailureBackOff of its Job controller. */}}
{{- define "headstart.jobDeadline" -}}
{{- if ne .Values.mode "fleet" -}}
{{- include "headstart.attempts" (dict "retries" (include "headstart.backoffLimit" . | int) "each" (include "headstart.podDeadline" . | int)) | int | add 10 -}}
{{- else if .Values.fleet.hook -}}
{{- /* however many retries there are, Helm waits no longer */ -}}
{{- sub (int .Values.hook.timeoutSeconds) 5 -}}
{{- else -}}
{{- $each := include "headstart.attempts" (dict "retries" (int .Values.fleet.backoffLimitPerIndex) "each" (include "headstart.podDeadline" . | int)) | int -}}
{{- mul (include "headstart.waves" . | int) $each | add 10 -}}
{{- end -}}
{{- end -}}

{{/* How many times all pods that work at once are followed by others. */}}
{{- define "headstart.waves" -}}
{{- with .Values.fleet -}}
{{- div (sub (add .shards .parallelism) 1) .parallelism -}}
{{- end -}}
{{- end -}}

{{/* How long a Job has to live: a hook's attempts, a fleet's shards once. */}}
{{- define "headstart.neededSeconds" -}}
{{- if eq .Values.mode "fleet" -}}
{{- mul (include "headstart.waves" . | int) (include "headstart.podDeadline" . | int) | add 10 -}}
{{- else -}}
{{- include "headstart.jobDeadline" . -}}
{{- end -}}
{{- end -}}

{{- define "headstart.attempts" -}}
{{- $retries := .retries -}}
{{- $seconds := mul (add $retries 1) .each -}}
{{- $pause := 10 -}}
{{- range until $retries -}}
{{- $seconds = add $seconds $pause -}}
{{- $pause = min 600 (mul 2 $pause) -}}
{{- end -}}
{{- $seconds -}}
{{- end -}}
