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

{{/* What the API server would refuse: in mode hook only after the database has been migrated. A zone that
     Helm's machine does not know becomes UTC; a machine that knows none proves nothing. */}}
{{- define "headstart.refuseDriftCheck" -}}
{{- with .Values.driftCheck -}}
{{- if and .timeZone (not .schedule) -}}
{{- fail "driftCheck.timeZone is the zone of driftCheck.schedule: set that, or remove it" -}}
{{- end -}}
{{- $most := list 59 23 31 12 6 -}}
{{- if not (hasPrefix "@" .schedule) -}}
{{- range $position, $field := splitList " " (regexReplaceAll " +" (default "" .schedule) " ") -}}
{{- range regexFindAll "[0-9]+" (regexReplaceAll "/[0-9]+" $field "") -1 -}}
{{- if gt (int .) (index $most $position) -}}
{{- fail (printf "driftCheck.schedule: the %s is at most %d, not %s" (index (list "minute" "hour" "day of the month" "month" "day of the week") $position) (index $most $position) .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $zones := list "" "UTC" "UCT" "Universal" "Zulu" "Etc/UTC" "Etc/UCT" "Etc/Universal" "Etc/Zulu" -}}
{{- if and (not (has .timeZone $zones)) (ne "UTC" (dateInZone "MST" now "Europe/Berlin")) (eq "UTC" (dateInZone "MST" now .timeZone)) -}}
{{- fail (printf "driftCheck.timeZone: there is no zone %s; take a name of the IANA's list, such as Europe/Berlin" .timeZone) -}}
{{- end -}}
{{- end -}}
{{- end -}}
