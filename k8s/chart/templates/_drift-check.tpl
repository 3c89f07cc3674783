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
{{- $schedule := default "" .Values.driftCheck.schedule -}}
{{- $zone := default "" .Values.driftCheck.timeZone -}}
{{- if and $zone (not $schedule) -}}
{{- fail "driftCheck.timeZone is the zone of driftCheck.schedule: set that, or remove it" -}}
{{- end -}}
{{- $names := list "minute" "hour" "day of the month" "month" "day of the week" -}}
{{- $least := list 0 0 1 1 0 -}}
{{- $most := list 59 23 31 12 6 -}}
{{- $words := list list list list (list "jan" "feb" "mar" "apr" "may" "jun" "jul" "aug" "sep" "oct" "nov" "dec") (list "sun" "mon" "tue" "wed" "thu" "fri" "sat") -}}
{{- if not (hasPrefix "@" $schedule) -}}
{{- range $at, $field := splitList " " (regexReplaceAll " +" $schedule " ") -}}
{{- range regexFindAll "[0-9A-Za-z]+" (regexReplaceAll "/[0-9]+" $field "") -1 -}}
{{- $number := regexReplaceAll "^0+" . "" | default "0" -}}
{{- if not (or (has (lower .) (index $words $at)) (and (regexMatch "^[0-9]+$" .) (ge (int $number) (index $least $at)) (le (int $number) (index $most $at)))) -}}
{{- fail (printf "driftCheck.schedule: the %s is %d to %d%s, not %s" (index $names $at) (index $least $at) (index $most $at) (index $words $at | join "|" | printf " or %s" | trimSuffix " or ") .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $zones := list "" "UTC" "UCT" "Universal" "Zulu" "Etc/UTC" "Etc/UCT" "Etc/Universal" "Etc/Zulu" -}}
{{- if and (not (has $zone $zones)) (ne "UTC" (dateInZone "MST" now "Europe/Berlin")) (eq "UTC" (dateInZone "MST" now $zone)) -}}
{{- fail (printf "driftCheck.timeZone: there is no zone %s; take a name of the IANA's list, such as Europe/Berlin" $zone) -}}
{{- end -}}
{{- end -}}
