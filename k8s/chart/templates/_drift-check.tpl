{{/* Names of the CronJob that checks for drift. Its pods have a component of their own: no policy, budget
     or selector of the migration's is meant for them. */}}

{{- define "headstart.driftCheckName" -}}
{{ include "headstart.fullname" . }}-drift
{{- end -}}

{{- define "headstart.driftCheckSelectorLabels" -}}
{{ include "headstart.selectorLabels" . | fromYaml | merge (dict "app.kubernetes.io/component" "drift-check") | toYaml }}
{{- end -}}

{{- define "headstart.driftCheckLabels" -}}
{{ include "headstart.labels" . | fromYaml | merge (dict "app.kubernetes.io/component" "drift-check") | toYaml }}
{{- end -}}
