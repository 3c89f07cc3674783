{{/* Who may be reached: cluster DNS and the database. Takes chart, and the labels of the pods as selector. */}}
{{- define "headstart.networkPolicySpec" -}}
{{- with .chart.Values.networkPolicy -}}
podSelector:
  matchLabels:
    {{- $.selector | nindent 4 }}
policyTypes: [Ingress, Egress]
ingress: []
egress:
  - ports:
      - {protocol: UDP, port: 53}
      - {protocol: TCP, port: 53}
  - ports:
      {{- range .ports }}
      - {protocol: TCP, port: {{ . }}}
      {{- end }}
    {{- with .to }}
    to: {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- with .egress }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
{{- end -}}
