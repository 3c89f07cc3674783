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

{{/* 15 s for pulling the image and for the start. */}}
{{- define "headstart.podDeadline" -}}
{{- add (ceil .Values.settings.deadlineSeconds | int) 15 -}}
{{- end -}}

{{/* All attempts, and the pauses between them: 10 s, doubled each time, at most 600.
     Source: Kubernetes, MaxJobPodFailureBackOff of its Job controller. */}}
{{- define "headstart.jobDeadline" -}}
{{- $retries := include "headstart.backoffLimit" . | int -}}
{{- $seconds := mul (add $retries 1) (include "headstart.podDeadline" . | int) -}}
{{- $pause := 10 -}}
{{- range until $retries -}}
{{- $seconds = add $seconds $pause -}}
{{- $pause = min 600 (mul 2 $pause) -}}
{{- end -}}
{{- add $seconds 10 -}}
{{- end -}}
