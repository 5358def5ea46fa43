"""One pod as `kubectl get pods -o yaml` prints it inside a List: sorted keys, lists at their parent's indentation.

About nine kilobytes, as pods of real clusters have them: probes, environments, mounted tokens, conditions. Some hold what
a reader that guesses would stumble over: text blocks that look like pods, quoted numbers, folded lines.
"""

from __future__ import annotations

import hashlib

from tests.benchmarks.cluster import Node, Pod, suffix

_HEAD = """\
- apiVersion: v1
  kind: Pod
  metadata:
    annotations:
      checksum/config: %(config)s
      cni.projectcalico.org/containerID: %(sandbox)s
      cni.projectcalico.org/podIP: %(ip)s/32
      cni.projectcalico.org/podIPs: %(ip)s/32
      example.com/build: %(build)s
%(block)s      prometheus.io/port: "9090"
      prometheus.io/scrape: "true"
    creationTimestamp: "2026-08-01T06:58:37Z"
    generateName: %(generate)s-
    labels:
%(labels)s    name: %(name)s
    namespace: %(namespace)s
    ownerReferences:
    - apiVersion: apps/v1
      blockOwnerDeletion: true
      controller: true
      kind: %(owner)s
      name: %(generate)s
      uid: %(owner_uid)s
    resourceVersion: "%(serial)d"
    uid: %(uid)s
  spec:
    affinity:
      podAntiAffinity:
        preferredDuringSchedulingIgnoredDuringExecution:
        - podAffinityTerm:
            labelSelector:
              matchLabels:
                app.kubernetes.io/name: %(generate)s
            topologyKey: kubernetes.io/hostname
          weight: 100
    containers:
"""

# A manifest in an annotation, indented like the one around it would be.
_BLOCK = """\
      example.com/manifest: |
        apiVersion: v1
        items:
        - apiVersion: v1
          kind: Pod
          metadata:
            name: decoy
          spec:
            nodeName: nowhere
          status:
            podIP: 203.0.113.7
        kind: List
      example.com/note: 'the owner says: "do not restart", and that this is one long line, which kubectl
        folds where it meets column eighty'
"""

_CONTAINER = """\
    - args:
      - --listen=0.0.0.0:8080
      - --config=/etc/app/config.yaml
      - --log-level=info
      - --name=%(container)s
      command:
      - /app/server
      env:
      - name: POD_NAME
        valueFrom:
          fieldRef:
            apiVersion: v1
            fieldPath: metadata.name
      - name: POD_NAMESPACE
        valueFrom:
          fieldRef:
            apiVersion: v1
            fieldPath: metadata.namespace
      - name: HOST_IP
        valueFrom:
          fieldRef:
            apiVersion: v1
            fieldPath: status.hostIP
      - name: DATABASE_URL
        value: postgres://orders.%(namespace)s.svc.cluster.local:5432/orders?sslmode=require
      - name: JAVA_TOOL_OPTIONS
        value: -XX:MaxRAMPercentage=75 -XX:+UseG1GC -Djava.security.egd=file:/dev/./urandom
      - name: FEATURE_FLAGS
        value: '{"checkout.v2": true, "search.rank": "b", "limit": 20}'
      - name: REPLICAS
        value: "3"
      - name: API_TOKEN
        valueFrom:
          secretKeyRef:
            key: token
            name: %(container)s-credentials
      image: registry.example.com/shop/%(container)s:1.25.5
      imagePullPolicy: IfNotPresent
      lifecycle:
        preStop:
          exec:
            command:
            - /bin/sh
            - -c
            - sleep 15; kill -TERM 1
      livenessProbe:
        failureThreshold: 3
        httpGet:
          path: /healthz
          port: 8080
          scheme: HTTP
        initialDelaySeconds: 10
        periodSeconds: 10
        successThreshold: 1
        timeoutSeconds: 1
      name: %(container)s
      ports:
      - containerPort: 8080
        name: http
        protocol: TCP
      - containerPort: 9090
        name: metrics
        protocol: TCP
      readinessProbe:
        failureThreshold: 3
        httpGet:
          path: /ready
          port: 8080
          scheme: HTTP
        initialDelaySeconds: 10
        periodSeconds: 10
        successThreshold: 1
        timeoutSeconds: 1
      resources:
        limits:
          cpu: "1"
          memory: 512Mi
        requests:
          cpu: 100m
          memory: 256Mi
      securityContext:
        allowPrivilegeEscalation: false
        capabilities:
          drop:
          - ALL
        readOnlyRootFilesystem: true
        runAsNonRoot: true
        runAsUser: 10001
      terminationMessagePath: /dev/termination-log
      terminationMessagePolicy: File
      volumeMounts:
      - mountPath: /etc/app
        name: config
        readOnly: true
      - mountPath: /tmp
        name: scratch
      - mountPath: /var/run/secrets/kubernetes.io/serviceaccount
        name: kube-api-access-%(short)s
        readOnly: true
"""

_SPEC = """\
    dnsPolicy: %(dns_policy)s
    enableServiceLinks: true
%(host_network)s    nodeName: %(node)s
    preemptionPolicy: PreemptLowerPriority
    priority: 0
    restartPolicy: Always
    schedulerName: default-scheduler
    securityContext:
      fsGroup: 10001
      seccompProfile:
        type: RuntimeDefault
    serviceAccount: default
    serviceAccountName: default
    terminationGracePeriodSeconds: 30
    tolerations:
    - effect: NoExecute
      key: node.kubernetes.io/not-ready
      operator: Exists
      tolerationSeconds: 300
    - effect: NoExecute
      key: node.kubernetes.io/unreachable
      operator: Exists
      tolerationSeconds: 300
    topologySpreadConstraints:
    - labelSelector:
        matchLabels:
          app.kubernetes.io/name: %(generate)s
      maxSkew: 1
      topologyKey: topology.kubernetes.io/zone
      whenUnsatisfiable: ScheduleAnyway
    volumes:
    - configMap:
        defaultMode: 420
        name: %(generate)s-config
      name: config
    - emptyDir: {}
      name: scratch
    - name: kube-api-access-%(short)s
      projected:
        defaultMode: 420
        sources:
        - serviceAccountToken:
            expirationSeconds: 3607
            path: token
        - configMap:
            items:
            - key: ca.crt
              path: ca.crt
            name: kube-root-ca.crt
        - downwardAPI:
            items:
            - fieldRef:
                apiVersion: v1
                fieldPath: metadata.namespace
              path: namespace
  status:
    conditions:
"""

_CONDITION = """\
    - lastProbeTime: null
      lastTransitionTime: "2026-08-01T06:58:%(second)02dZ"
      status: "True"
      type: %(type)s
"""

_CONTAINER_STATUS = """\
    - containerID: containerd://%(id)s
      image: registry.example.com/shop/%(container)s:1.25.5
      imageID: registry.example.com/shop/%(container)s@sha256:%(config)s
      lastState: {}
      name: %(container)s
      ready: true
      restartCount: 0
      started: true
      state:
        running:
          startedAt: "2026-08-01T06:58:41Z"
      volumeMounts:
      - mountPath: /etc/app
        name: config
        readOnly: true
        recursiveReadOnly: Disabled
      - mountPath: /tmp
        name: scratch
      - mountPath: /var/run/secrets/kubernetes.io/serviceaccount
        name: kube-api-access-%(short)s
        readOnly: true
        recursiveReadOnly: Disabled
"""

_STATUS = """\
    hostIP: %(host_ip)s
    hostIPs:
    - ip: %(host_ip)s
    phase: Running
    podIP: %(ip)s
    podIPs:
    - ip: %(ip)s
    qosClass: Burstable
    startTime: "2026-08-01T06:58:37Z"
"""

_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def pod_text(node: Node, pod: Pod, serial: int) -> str:
    """One item of the List; `serial` makes identifiers differ, and says which of them hold odd text."""
    words = _words(node, pod, serial)
    containers = ("app", "proxy") if serial % 2 else ("app",)
    each = [words | {"container": name, "id": _digest(f"{name}{serial}")} for name in containers]
    conditions = (_CONDITION % {"type": kind, "second": 37 + at} for at, kind in enumerate(_CONDITIONS))
    return "".join(
        (
            _HEAD % words,
            *(_CONTAINER % names for names in each),
            _SPEC % words,
            *conditions,
            "    containerStatuses:\n",
            *(_CONTAINER_STATUS % names for names in each),
            _STATUS % words,
        )
    )


def _words(node: Node, pod: Pod, serial: int) -> dict[str, object]:
    generate = pod.name.rpartition("-")[0]
    return {
        "ip": pod.ip,
        "block": _BLOCK if serial % 10 == 0 else "",
        "generate": generate,
        "labels": "".join(f"      {key}: {value}\n" for key, value in pod.labels),
        "name": pod.name,
        "namespace": pod.namespace,
        "owner": "DaemonSet" if pod.host_network else "ReplicaSet",
        "serial": serial,
        "config": _digest(generate),
        "build": _digest(f"build{serial}") + _digest(f"commit{serial}"),
        "sandbox": _digest(f"sandbox{serial}"),
        "owner_uid": _uid(generate),
        "uid": _uid(f"{serial}"),
        "short": suffix("token", serial % 100),
        "dns_policy": pod.dns_policy,
        "host_network": "    hostNetwork: true\n" if pod.host_network else "",
        "node": node.name,
        "host_ip": node.internal_ip,
    }


def _digest(of: str) -> str:
    """Identifiers that hardly compress, as those of real clusters: how long decompression takes depends on it."""
    return hashlib.sha256(of.encode()).hexdigest()


def _uid(of: str) -> str:
    word = _digest(of)
    return f"{word[:8]}-{word[8:12]}-4{word[13:16]}-a{word[17:20]}-{word[20:32]}"
